// xxHash64 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): the same number for the same
// bytes in every version of Rollcall, so it may be stored.
#pragma once
#include <cstdint>
#include <string_view>

namespace rollcall {

std::uint64_t xxhash64(std::string_view s);

}  // namespace rollcall
