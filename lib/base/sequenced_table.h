// A table of things that are numbered in the order in which they were made and removed in any order: the operations of a workflow run.
//
// Sorted by construction, so that a lookup is a binary search in one block of memory; removal marks, and the marked are swept when they
// outnumber the rest, which keeps 10,000 operations at once as cheap for each as 10.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/check.h"

namespace lifecycle {

// Key is an integer; T is movable.
template <class Key, class T>
class SequencedTable {
 public:
  // `key` is greater than every key before it. The reference is good until the next change of the table.
  T& add(Key key, T value) {
    check(entries_.empty() || entries_.back().key < key, "the keys of a SequencedTable ascend");
    entries_.push_back(Entry{.key = key, .removed = false, .value = std::move(value)});
    return entries_.back().value;
  }

  [[nodiscard]] T* find(Key key) {
    const auto at =
        std::lower_bound(entries_.begin(), entries_.end(), key, [](const Entry& entry, Key wanted) { return entry.key < wanted; });
    return at != entries_.end() && at->key == key && !at->removed ? &at->value : nullptr;
  }

  void remove(Key key) {
    const auto at =
        std::lower_bound(entries_.begin(), entries_.end(), key, [](const Entry& entry, Key wanted) { return entry.key < wanted; });
    if (at == entries_.end() || at->key != key || at->removed) {
      return;
    }
    if (at + 1 == entries_.end()) {
      entries_.pop_back();
      return;
    }
    at->removed = true;
    at->value = T{};
    if (++removed_ * 2 > entries_.size()) {
      std::erase_if(entries_, [](const Entry& entry) { return entry.removed; });
      removed_ = 0;
    }
  }

  // In ascending order of keys; `visit(key, value)` must not change the table.
  template <class Visitor>
  void for_each(Visitor visit) {
    for (Entry& entry : entries_) {
      if (!entry.removed) {
        visit(entry.key, entry.value);
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_.size() - removed_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  struct Entry {
    Key key;
    bool removed;
    T value;
  };
  std::vector<Entry> entries_;
  std::size_t removed_ = 0;
};

}  // namespace lifecycle
