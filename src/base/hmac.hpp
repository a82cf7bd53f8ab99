// HMAC-SHA-256: what signs addresses, digests and bodies of webhooks.
#pragma once
#include <string>
#include <string_view>

namespace rollcall {

// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);
// "sha256=<hex>", as X-Hub-Signature-256 has it:
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
std::string hub_signature(std::string_view secret, std::string_view body);
// Takes the same time wherever they differ.
bool same_bytes(std::string_view a, std::string_view b);

}  // namespace rollcall
