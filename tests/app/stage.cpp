#include "app/stage.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

namespace rollcall::test {
namespace {

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        words.back() += c;
    } else if (c == ' ' || c == '\n') {
      inside = false;
    } else {
      if (!inside) words.emplace_back();
      inside = true;
      if (c == '\'' || c == '"')
        quote = c;
      else
        words.back() += c;
    }
  }
  return words;
}

// Replaces what follows `prefix` while `belongs` says so.
template <class Belongs>
std::string mask(std::string text, const std::string& prefix, const std::string& shown,
                 std::size_t least, Belongs belongs) {
  for (auto at = text.find(prefix); at != std::string::npos;
       at = text.find(prefix, at + prefix.size())) {
    auto end = at + prefix.size();
    while (end < text.size() && belongs(text[end])) ++end;
    if (end - at - prefix.size() >= least)
      text.replace(at + prefix.size(), end - at - prefix.size(), shown);
  }
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

}  // namespace

Stage::Stage() {
  std::string name = (std::filesystem::temp_directory_path() / "rollcall-test-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = name;
}

Stage::~Stage() {
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Stage::tidy(std::string text) const {
  while (text.contains("\n\n"))
    text = replace_all(std::move(text), "\n\n", "\n~\n");  // an expectation has no empty lines
  text = replace_all(std::move(text), folder_.string() + "/", "");
  text = mask(std::move(text), "127.0.0.1:", "PORT", 1, is_digit);
  text = mask(std::move(text), "port ", "PORT", 1, is_digit);
  text =
      mask(std::move(text), " files, ", "SIZE", 1, [](char c) { return is_digit(c) || c == '.'; });
  return mask(std::move(text), "rc_", "…", 20, is_hex);
}

app::Console Stage::console() {
  return {[this](std::string_view text) {
            if (text.starts_with("rc_")) secret_ = text.substr(0, text.find('\n'));
            printed_ += text;
          },
          [this](std::string_view text) { printed_ += "! " + std::string(text); }};
}

std::string Stage::run(const std::string& line) {
  auto words = words_of(replace_all(line, "{SECRET}", secret_));
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 &&
        (words[i - 1] == "--data" || words[i - 1] == "--config" || words[i - 1] == "ingest"))
      words[i] = path(words[i]).string();
    words[i] = replace_all(words[i], "PORT", port());
    words[i] = replace_all(words[i], "{FOLDER}", folder_.string());
  }
  printed_.clear();
  const int code = app::run(words, console(), clock);
  if (code != 0) printed_ += fmt::format("exit {}\n", code);
  return tidy(printed_);
}

void Stage::write(const std::string& name, const std::string& content) {
  std::filesystem::create_directories(path(name).parent_path());
  std::ofstream(path(name), std::ios::binary) << content;
}

std::string Stage::read(const std::string& name) const {
  std::ifstream file(path(name), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Stage::poll(const std::string& data) {
  if (server_) {
    server_->serving().run_due_flows([](std::string_view) {});
    return "";
  }
  app::ProductOptions options;
  options.data = path(data);
  const auto product = app::Product::open(clock, options);
  if (!product) return tidy(render(product.error(), ""));
  const auto steps = (*product)->driver().run_until_idle();
  return steps ? "" : tidy(render(steps.error(), ""));
}

std::string Stage::serve(const std::string& data, const std::string& address) {
  server_.reset();
  if (data.empty()) return "";
  app::ProductOptions options;
  options.data = path(data);
  auto serving = app::Serving::open(clock, options);
  if (!serving) return tidy(render(serving.error(), ""));
  auto server =
      app::Server::start(*std::move(serving), path(data), address, 0, {[](auto) {}, [](auto) {}});
  if (!server) return tidy(render(server.error(), ""));
  server_ = *std::move(server);
  return "";
}

std::string Stage::port() const {
  if (!server_) return "0";
  const auto url = server_->url();
  return url.substr(url.rfind(':') + 1);
}

}  // namespace rollcall::test
