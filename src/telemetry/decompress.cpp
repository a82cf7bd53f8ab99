#include "telemetry/decompress.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "base/check.hpp"

namespace rollcall::telemetry {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 16;

std::unexpected<Error> corrupt(std::string_view what, std::string_view reason) {
  return fail("INGEST0104", fmt::format("the {} stream is damaged: {}", what, reason));
}

class Gzip final : public Decompressor {
 public:
  Gzip() {
    constexpr int gzip_only = 15 + 16;
    CHECK(inflateInit2(&stream_, gzip_only) == Z_OK);
  }
  ~Gzip() override { inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Result<void> feed(std::string_view bytes, const ByteSink& sink) override {
    while (!bytes.empty()) {
      const auto part = bytes.substr(0, std::size_t{1} << 30);  // zlib counts in 32 bits
      bytes.remove_prefix(part.size());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      TRY_DO(inflate_all(sink));
    }
    return {};
  }
  bool is_complete() const override { return at_boundary_; }

 private:
  Result<void> inflate_all(const ByteSink& sink) {
    bool more = true;  // output may be waiting inside though all input was taken
    while (stream_.avail_in > 0 || more) {
      if (at_boundary_ && stream_.avail_in == 0) break;
      at_boundary_ = false;
      stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
      stream_.avail_out = static_cast<uInt>(piece_.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
        return corrupt("gzip", stream_.msg == nullptr ? "unknown reason" : stream_.msg);
      }
      const std::size_t produced = piece_.size() - stream_.avail_out;
      if (produced > 0) TRY_DO(sink(std::string_view(piece_.data(), produced)));
      more = stream_.avail_out == 0;
      if (state == Z_STREAM_END) {
        at_boundary_ = true;
        CHECK(inflateReset(&stream_) == Z_OK);
      }
    }
    return {};
  }

  z_stream stream_{};
  std::array<char, piece_bytes> piece_;
  bool at_boundary_ = true;  // between two members, or before the first
};

class Zstd final : public Decompressor {
 public:
  Zstd() : stream_(ZSTD_createDStream(), ZSTD_freeDStream) { CHECK(stream_ != nullptr); }

  Result<void> feed(std::string_view bytes, const ByteSink& sink) override {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    bool more = true;
    while (input.pos < input.size || more) {
      if (at_boundary_ && input.pos == input.size) break;
      ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(stream_.get(), &output, &input);
      if (ZSTD_isError(hint) != 0) return corrupt("zstd", ZSTD_getErrorName(hint));
      if (output.pos > 0) TRY_DO(sink(std::string_view(piece_.data(), output.pos)));
      more = output.pos == output.size;
      at_boundary_ = hint == 0;
    }
    return {};
  }
  bool is_complete() const override { return at_boundary_; }

 private:
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream_;
  std::array<char, piece_bytes> piece_;
  bool at_boundary_ = true;
};

}  // namespace

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::automatic:
      return "automatic";
    case Compression::none:
      return "plain";
    case Compression::gzip:
      return "gzip";
    case Compression::zstd:
      return "zstd";
  }
  return "";
}

Compression detect_compression(std::string_view head) {
  if (head.starts_with("\x1F\x8B")) return Compression::gzip;
  if (head.starts_with("\x28\xB5\x2F\xFD")) return Compression::zstd;
  return Compression::none;
}

std::unique_ptr<Decompressor> make_decompressor(Compression compression) {
  if (compression == Compression::gzip) return std::make_unique<Gzip>();
  if (compression == Compression::zstd) return std::make_unique<Zstd>();
  return nullptr;
}

}  // namespace rollcall::telemetry
