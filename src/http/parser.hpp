// Beast's request parser, driven on a buffer: bytes in, a Request out. It never touches a socket.
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "http/message.hpp"

namespace rollcall::http {

class RequestParser {
 public:
  enum class State { wants_more, wants_continue, complete, failed };

  RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes);
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;
  ~RequestParser();

  // Reads from the front of `bytes` and says how many it took; the rest must come again, with more.
  // wants_continue is said once, when the client waits for `100 Continue` before it sends the body.
  State feed(std::string_view bytes, std::size_t& taken);
  bool started() const;
  // After `complete`.
  Request take();
  bool keep_alive() const;
  // After `failed`.
  const Response& refusal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::http
