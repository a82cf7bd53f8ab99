// Where flows are called from outside: the address of the server that runs them, and the signatures without
// which nobody is let in. The address may change while runs wait; signatures stay good as long as the key.
#pragma once
#include <string>
#include <string_view>

#include "flow/seal.hpp"

namespace rollcall::flow {

class Site {
 public:
  explicit Site(std::string_view key) : seal_(key) {}
  const Seal& seal() const { return seal_; }
  // `http://host:port`, without a slash at the end; "" until it is known.
  const std::string& url() const { return url_; }
  void set_url(std::string url) { url_ = std::move(url); }

  // POST calls the instance (as to_string() writes it) of the run back.
  std::string instance_url(std::int64_t run, std::string_view instance) const;
  bool instance_is_signed(std::int64_t run, std::string_view instance,
                          std::string_view signature) const;
  // Starts a run through the trigger.
  std::string trigger_url(std::string_view flow, std::string_view trigger) const;
  bool trigger_is_signed(std::string_view flow, std::string_view trigger,
                         std::string_view signature) const;
  // GET answers what the run has responded, or 202.
  std::string response_url(std::int64_t run) const;
  bool response_is_signed(std::int64_t run, std::string_view signature) const;

 private:
  Seal seal_;
  std::string url_;
};

}  // namespace rollcall::flow
