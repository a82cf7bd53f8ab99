// A plain TCP client: sends bytes to a port of this machine and reads until the server closes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall::test {

std::string exchange(std::uint16_t port, std::string_view bytes);
// A connection that stays open: -1 when it could not be made.
int connect_to(std::uint16_t port);

}  // namespace rollcall::test
