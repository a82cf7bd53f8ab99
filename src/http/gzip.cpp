#include "http/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace rollcall::http {
namespace {

constexpr int gzip_window = 15 + 16;  // the largest window, with gzip's header
constexpr std::size_t chunk_bytes = 64 * 1024;

// zlib counts its input in unsigned ints: long inputs go in by pieces.
void refill(z_stream& stream, std::string_view& rest) {
  if (stream.avail_in != 0 || rest.empty()) return;
  const auto take = std::min<std::size_t>(rest.size(), 1U << 30U);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
  stream.avail_in = static_cast<uInt>(take);
  rest.remove_prefix(take);
}

}  // namespace

std::string gzip(std::string_view plain) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, 5, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed;
  std::array<char, chunk_bytes> chunk{};
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    refill(stream, plain);
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = deflate(&stream, plain.empty() ? Z_FINISH : Z_NO_FLUSH);
    CHECK(status != Z_STREAM_ERROR);
    packed.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes) {
  z_stream stream{};
  CHECK(inflateInit2(&stream, gzip_window) == Z_OK);
  std::string plain;
  std::array<char, chunk_bytes> chunk{};
  std::string wrong;
  bool complete = false;
  while (!complete && wrong.empty()) {
    refill(stream, packed);
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    plain.append(chunk.data(), chunk.size() - stream.avail_out);
    if (plain.size() > max_bytes) break;
    if (status == Z_STREAM_END) {
      // A gzip file may be several, one after the other.
      complete = stream.avail_in == 0 && packed.empty();
      if (!complete) inflateReset(&stream);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && packed.empty() &&
                                         stream.avail_out != 0)) {
      wrong = "the gzip body stops early; was the upload cut off?";
    } else if (status != Z_OK) {
      wrong = "the body is not gzip, though Content-Encoding says so";
    }
  }
  inflateEnd(&stream);
  if (!wrong.empty()) return fail("HTTP0304", wrong);
  if (!complete)
    return fail("HTTP0305", fmt::format("the body unpacks to more than {} bytes", max_bytes));
  return plain;
}

Result<std::string> unzstd(std::string_view packed, std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  CHECK(stream != nullptr);
  constexpr int window_log = 27;  // 128 MiB, the most that zstd itself makes unless told otherwise
  CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, window_log)));
  std::string plain;
  std::array<char, chunk_bytes> chunk{};
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t wanted = packed.empty() ? 1 : 0;  // 0: a frame is complete
  for (bool more = true; more;) {
    ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
    if (in.pos < in.size || wanted != 0) wanted = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(wanted))
      return fail("HTTP0304", "the body is not zstd, though Content-Encoding says so");
    plain.append(chunk.data(), out.pos);
    if (plain.size() > max_bytes)
      return fail("HTTP0305", fmt::format("the body unpacks to more than {} bytes", max_bytes));
    more = in.pos < in.size || out.pos == out.size;
  }
  if (wanted != 0) return fail("HTTP0304", "the zstd body stops early; was the upload cut off?");
  return plain;
}

}  // namespace rollcall::http
