#include "special/network_address.h"

#include <arpa/inet.h>

namespace fdb {

namespace {

bool is_port(Slice text) {
  if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != Slice::npos) return false;
  const int port = std::stoi(Bytes(text));
  return port > 0 && port < 65536;
}

bool is_ip(int family, Slice text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(family, Bytes(text).c_str(), address) == 1;
}

}  // namespace

bool is_network_address(Slice text) {
  if (text.find('\0') != Slice::npos) return false;
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    if (end == Slice::npos || !is_ip(AF_INET6, text.substr(1, end - 1))) return false;
    const Slice rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  if (is_ip(AF_INET6, text)) return true;
  const size_t colon = text.find(':');
  if (!is_ip(AF_INET, text.substr(0, colon))) return false;
  return colon == Slice::npos || is_port(text.substr(colon + 1));
}

}  // namespace fdb
