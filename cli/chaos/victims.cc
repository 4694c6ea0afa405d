#include "cli/chaos/victims.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "cli/time_text.h"

namespace lifecycle::cli::chaos {
namespace {

bool matches_name(const std::vector<std::string>& patterns, const std::string& name) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

bool matches_owner(const std::string& asked, const std::string& owner) {
  return asked.empty() || asked == owner || (!asked.contains('/') && owner.ends_with("/" + asked));
}

bool is_of_fleet(const Target& target, const FleetFilter& filter) {
  return matches_name(filter.names, target.name) && matches_owner(filter.owner, target.owner) &&
         (filter.version.empty() || filter.version == target.version) && (filter.node.empty() || filter.node == target.node);
}

// Why this member of the fleet is not hit; empty: it may be.
std::string why_spared(const Target& target, const ChoiceInput& input) {
  if (is_protected_namespace(target.name_space)) {
    return fmt::format("namespace {} is protected", target.name_space);
  }
  if (!target.untouchable.empty()) {
    return target.untouchable;
  }
  if (!target.ready) {
    return "it is not Ready";
  }
  if (input.hit_before.contains(target.key)) {
    return "it was hit before";
  }
  if (input.min_age > Duration::zero() && input.now - target.created < input.min_age) {
    return fmt::format("it is {} old, less than {}", short_duration(input.now - target.created), short_duration(input.min_age));
  }
  const auto is_it = [&](const std::string& identity) { return is_behind(target, identity); };
  const auto leaves_it_out = [&](const std::vector<std::string>& named) { return std::ranges::none_of(named, is_it); };
  if (std::ranges::any_of(input.named_by_temporal, leaves_it_out)) {
    return "Temporal names others";
  }
  return "";
}

void put_in_order(std::vector<Target>& targets, const ChoiceInput& input) {
  // By key first, so that it does not matter in which order a server lists them.
  std::ranges::sort(targets, {}, &Target::key);
  if (input.order == Order::kRandom) {
    RandomStream random(input.seed);
    for (std::size_t left = targets.size(); left > 1; --left) {
      std::swap(targets[left - 1], targets[random.below(left)]);
    }
    return;
  }
  std::ranges::sort(targets, [newest = input.order == Order::kNewest](const Target& one, const Target& other) {
    return one.created == other.created ? one.key < other.key : (one.created > other.created) == newest;
  });
}

struct Allowance {
  std::size_t count = 0;
  std::string limit;
};

Allowance allowance(const Limits& limits, std::size_t fleet, std::size_t eligible) {
  Allowance allowed{.count = static_cast<std::size_t>(limits.count), .limit = ""};
  const auto lower_to = [&allowed](std::size_t count, std::string limit) {
    if (count < allowed.count) {
      allowed = {.count = count, .limit = std::move(limit)};
    }
  };
  if (limits.max_percent) {
    const std::size_t count = fleet * static_cast<std::size_t>(*limits.max_percent) / 100;
    lower_to(count, fmt::format("at most {}% of {} Ready: {}", *limits.max_percent, fleet, count));
  }
  const auto remaining = static_cast<std::size_t>(limits.min_remaining);
  lower_to(fleet - std::min(fleet, remaining), fmt::format("{} of {} Ready must remain", remaining, fleet));
  lower_to(eligible, fmt::format("{} can be hit", eligible));
  return allowed;
}

}  // namespace

bool is_protected_namespace(std::string_view name) { return name.starts_with("kube-"); }

Choice choose_victims(std::vector<Target> targets, const ChoiceInput& input) {
  Choice choice;
  std::erase_if(targets, [&](const Target& each) { return !is_of_fleet(each, input.filter); });
  choice.everybody_was_hit = !input.hit_before.empty() && std::ranges::all_of(targets, [&](const Target& each) {
    return input.hit_before.contains(each.key) || !each.untouchable.empty();
  });
  std::vector<Target> eligible;
  for (Target& target : targets) {
    choice.fleet += target.ready ? 1 : 0;
    std::string reason = why_spared(target, input);
    if (reason.empty()) {
      eligible.push_back(std::move(target));
    } else {
      choice.spared.push_back({.name = target.name, .reason = std::move(reason)});
    }
  }
  std::ranges::sort(choice.spared, {}, &Spared::name);
  choice.eligible = eligible.size();
  put_in_order(eligible, input);
  Allowance allowed = allowance(input.limits, choice.fleet, eligible.size());
  for (std::size_t i = allowed.count; i < eligible.size(); ++i) {
    choice.spared.push_back({.name = eligible[i].name, .reason = "others come first"});
  }
  eligible.erase(eligible.begin() + static_cast<std::ptrdiff_t>(allowed.count), eligible.end());
  choice.limit = std::move(allowed.limit);
  choice.victims = std::move(eligible);
  return choice;
}

}  // namespace lifecycle::cli::chaos
