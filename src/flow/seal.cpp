#include "flow/seal.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "base/check.hpp"
#include "base/hmac.hpp"
#include "expr/text.hpp"

namespace rollcall::flow {
namespace {

constexpr std::size_t nonce_size = 12, tag_size = 16;
constexpr std::string_view member_name = "$sealed";

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
Cipher new_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  CHECK(cipher != nullptr);
  return cipher;
}

std::string encrypted(std::string_view key, std::string_view nonce, std::string_view clear) {
  const auto cipher = new_cipher();
  std::string out(clear.size() + tag_size, '\0');
  int size = 0, rest = 0;
  CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) ==
        1);
  CHECK(EVP_EncryptUpdate(cipher.get(), bytes(out), &size, bytes(clear),
                          static_cast<int>(clear.size())) == 1);
  CHECK(EVP_EncryptFinal_ex(cipher.get(), bytes(out) + size, &rest) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size,
                            bytes(out) + clear.size()) == 1);
  return out;
}

bool decrypt(std::string_view key, std::string_view nonce, std::string_view sealed,
             std::string& clear) {
  const auto cipher = new_cipher();
  const auto text = sealed.substr(0, sealed.size() - tag_size);
  std::string tag(sealed.substr(text.size()));
  clear.assign(text.size(), '\0');
  int size = 0, rest = 0;
  return EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) ==
             1 &&
         EVP_DecryptUpdate(cipher.get(), bytes(clear), &size, bytes(text),
                           static_cast<int>(text.size())) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, bytes(tag)) == 1 &&
         EVP_DecryptFinal_ex(cipher.get(), bytes(clear) + size, &rest) == 1;
}

}  // namespace

Seal::Seal(std::string_view key)
    : signing_key_(hmac_sha256(key, "addresses")),
      sealing_key_(hmac_sha256(key, "seals")),
      nonce_key_(hmac_sha256(key, "nonces")) {}

std::string Seal::sign(std::string_view what) const {
  auto text = expr::base64_encode(hmac_sha256(signing_key_, what));
  for (auto& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

bool Seal::is_signed(std::string_view what, std::string_view signature) const {
  return same_bytes(sign(what), signature);
}

json::value Seal::close(const json::value& clear) const {
  const auto text = json::serialize(clear);
  const auto nonce = hmac_sha256(nonce_key_, text).substr(0, nonce_size);
  return json::object{
      {member_name, expr::base64_encode(nonce + encrypted(sealing_key_, nonce, text))}};
}

bool Seal::is_sealed(const json::value& value) {
  const auto* object = value.if_object();
  return object != nullptr && object->size() == 1 && object->begin()->key() == member_name &&
         object->begin()->value().is_string();
}

Result<json::value> Seal::open(const json::value& sealed) const {
  if (!is_sealed(sealed)) return sealed;
  const auto raw =
      expr::base64_decode(std::string_view(sealed.get_object().begin()->value().get_string()));
  std::string clear;
  const bool whole = raw && raw->size() >= nonce_size + tag_size &&
                     decrypt(sealing_key_, std::string_view(*raw).substr(0, nonce_size),
                             std::string_view(*raw).substr(nonce_size), clear);
  if (!whole) {
    return fail("FLOW0405",
                "what is stored sealed cannot be opened: the key file (flow.key in the data "
                "folder) is not the one it was sealed with");
  }
  return parse_json(clear, 1'000);
}

std::string new_seal_key() {
  std::string key(seal_key_bytes, '\0');
  CHECK(RAND_bytes(bytes(key), static_cast<int>(key.size())) == 1);
  return key;
}

}  // namespace rollcall::flow
