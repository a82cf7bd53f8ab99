// Reads protobuf's wire format out of a buffer, field by field, and copies nothing: texts are
// borrowed from it. https://protobuf.dev/programming-guides/encoding/ . Whatever the bytes are, it
// stays inside of them; what is no protobuf ends the reading with broken(). Groups, which protobuf
// gave up, count as broken.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rollcall::telemetry {

class ProtobufReader {
 public:
  enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  explicit ProtobufReader(std::string_view bytes) : rest_(bytes) {}

  // Goes to the next field; false at the end, or when what follows is broken.
  bool next() {
    if (rest_.empty() || broken_) return false;
    std::uint64_t tag = 0;
    if (!read_varint(tag) || tag > UINT32_MAX || (tag >> 3) == 0) return fail();
    field_ = static_cast<std::uint32_t>(tag >> 3);
    switch (tag & 7) {
      case 0:
        wire_ = Wire::varint;
        return read_varint(number_) || fail();
      case 1:
        wire_ = Wire::fixed64;
        return read_fixed<std::uint64_t>() || fail();
      case 2: {
        wire_ = Wire::bytes;
        std::uint64_t size = 0;
        if (!read_varint(size) || size > rest_.size()) return fail();
        bytes_ = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(bytes_.size());
        return true;
      }
      case 5:
        wire_ = Wire::fixed32;
        return read_fixed<std::uint32_t>() || fail();
      default:
        return fail();
    }
  }
  bool broken() const { return broken_; }

  // Of the field at hand. A field of another wire type than its number says is one that the reader
  // does not know.
  bool is(std::uint32_t field, Wire wire) const { return field_ == field && wire_ == wire; }
  std::uint32_t field() const { return field_; }
  std::string_view bytes() const { return bytes_; }
  std::uint64_t number() const { return number_; }
  double real() const { return std::bit_cast<double>(number_); }

 private:
  bool fail() {
    broken_ = true;
    return false;
  }
  bool read_varint(std::uint64_t& value) {
    value = 0;
    for (unsigned i = 0; i < 10 && i < rest_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return i < 9 || byte <= 1;
      }
    }
    return false;
  }
  template <class Number>
  bool read_fixed() {
    static_assert(std::endian::native == std::endian::little);
    Number value;
    if (rest_.size() < sizeof value) return false;
    std::memcpy(&value, rest_.data(), sizeof value);
    number_ = value;
    rest_.remove_prefix(sizeof value);
    return true;
  }

  std::string_view rest_, bytes_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  Wire wire_ = Wire::varint;
  bool broken_ = false;
};

}  // namespace rollcall::telemetry
