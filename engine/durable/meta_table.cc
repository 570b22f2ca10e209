#include "durable/meta_table.h"

#include <array>
#include <optional>

#include "base/crc32c.h"

namespace fdb::durable {

namespace {

struct Number {
  const char* name;
  int64_t value;
};

using Numbers = std::array<Number, 9>;

Numbers numbers_of(const Meta& meta) {
  // In the order of the names, of which "id" comes before "keys".
  return {{{"base", meta.versions.base},
           {"bytes", meta.totals.bytes},
           {"fold_target", meta.versions.fold_target},
           {"format", kFileFormat},
           {"keys", meta.totals.keys},
           {"lease", meta.versions.lease},
           {"leaves", meta.totals.leaves},
           {"leaves_checksum", meta.totals.checksum},
           {"log_end", meta.versions.log_end}}};
}

}  // namespace

Bytes hexadecimal(Slice bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  Bytes text;
  for (const char byte : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

uint32_t checksum_of(const Meta& meta) {
  Bytes text;
  for (const Number& number : numbers_of(meta)) {
    if (Slice(number.name) == "keys") text += "id=" + hexadecimal(meta.id) + "\n";
    text += Bytes(number.name) + "=" + std::to_string(number.value) + "\n";
  }
  return crc32c(text);
}

MetaTable::MetaTable(Connection* connection)
    : connection_(connection),
      select_(connection, "SELECT name, value FROM meta ORDER BY name"),
      update_(connection, "UPDATE meta SET value = ?2 WHERE name = ?1") {}

Meta MetaTable::load() {
  Execution execution(select_);
  Meta meta;
  int64_t format = 0, leaves_checksum = 0, checksum = -1;
  const std::pair<Slice, int64_t*> fields[] = {{"base", &meta.versions.base},
                                               {"bytes", &meta.totals.bytes},
                                               {"checksum", &checksum},
                                               {"fold_target", &meta.versions.fold_target},
                                               {"format", &format},
                                               {"keys", &meta.totals.keys},
                                               {"lease", &meta.versions.lease},
                                               {"leaves", &meta.totals.leaves},
                                               {"leaves_checksum", &leaves_checksum},
                                               {"log_end", &meta.versions.log_end}};
  size_t found = 0;
  while (select_.step()) {
    const Slice name = select_.text(0);
    if (name == "id") {
      meta.id = select_.blob(1);
      ++found;
      continue;
    }
    for (const auto& [wanted, place] : fields) {
      if (name != wanted) continue;
      *place = select_.integer(1);
      ++found;
    }
  }
  meta.totals.checksum = static_cast<uint32_t>(leaves_checksum);
  if (found != std::size(fields) + 1 || format != kFileFormat || meta.id.size() != 16 ||
      checksum != int64_t{checksum_of(meta)}) {
    throw_corrupt(connection_->path(), "is damaged (the checksum of the table meta)");
  }
  return meta;
}

void MetaTable::set(const char* name, int64_t value) {
  update_.bind_text(1, name).bind(2, value);
  update_.run();
  if (update_.changes() != 1) throw_corrupt(connection_->path(), "is damaged (the table meta)");
}

void MetaTable::update(const Meta& before, const Meta& now) {
  if (before == now) return;
  Execution execution(update_);
  const Numbers old = numbers_of(before), fresh = numbers_of(now);
  for (size_t i = 0; i < fresh.size(); ++i) {
    if (old[i].value != fresh[i].value) set(fresh[i].name, fresh[i].value);
  }
  set("checksum", checksum_of(now));
}

void MetaTable::create(Connection* connection, const Meta& meta) {
  Statement insert(connection, "INSERT INTO meta VALUES (?1, ?2)");
  for (const Number& number : numbers_of(meta)) {
    insert.bind_text(1, number.name).bind(2, number.value).run();
  }
  insert.bind_text(1, "id").bind(2, Slice(meta.id)).run();
  insert.bind_text(1, "checksum").bind(2, int64_t{checksum_of(meta)}).run();
}

}  // namespace fdb::durable
