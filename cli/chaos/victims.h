// Who is hit: a pure choice from what is there. The same seed and the same pods give the same victims, in whatever order they were listed.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/chaos/target.h"

namespace lifecycle::cli::chaos {

// The pods' label that says: this one may be hit. Nothing overrides it.
inline constexpr std::string_view kOptInLabel = "chaos.lifecycle.dev/enabled";

// Kubernetes' own namespaces, in which nothing is ever hit.
[[nodiscard]] bool is_protected_namespace(std::string_view name);

// What a fleet is made of. Empty fields ask for nothing.
struct FleetFilter {
  std::vector<std::string> names;  // exact, or with * for any text
  std::string owner;               // "deployment/NAME", "statefulset/NAME", or NAME
  std::string version;
  std::string node;
};

struct Limits {
  int count = 1;
  std::optional<int> max_percent;  // of the fleet's Ready members, rounded down
  int min_remaining = 0;           // of the fleet's Ready members
};

enum class Order : std::uint8_t { kRandom, kOldest, kNewest };

struct ChoiceInput {
  FleetFilter filter;
  Limits limits;
  Order order = Order::kRandom;
  std::uint64_t seed = 0;
  Duration min_age = Duration::zero();
  // Workers that Temporal names, a list for each thing that was asked: a victim is on all of the lists.
  std::vector<std::vector<std::string>> named_by_temporal;
  std::set<std::string> hit_before;  // keys
  WallTime now;
};

// One that is of the fleet and is not hit, and why.
struct Spared {
  std::string name;
  std::string reason;
};

struct Choice {
  std::vector<Target> victims;
  std::vector<Spared> spared;
  std::size_t fleet = 0;           // Ready members
  std::size_t eligible = 0;        // those of them that could have been hit
  bool everybody_was_hit = false;  // somebody was, and nobody is left who was not and could be
  std::string limit;               // what kept it from `count` victims: "at most 30% of 3: 0"; empty: nothing did
};

[[nodiscard]] Choice choose_victims(std::vector<Target> targets, const ChoiceInput& input);

}  // namespace lifecycle::cli::chaos
