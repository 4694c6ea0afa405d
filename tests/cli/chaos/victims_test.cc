// Who is hit: properties of the choice, over many random fleets.
#include "cli/chaos/victims.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/random.h"

namespace lifecycle::cli::chaos {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kRounds = 500;
const WallTime kNow{hours(1000)};

Target pod(int number) {
  return {.kind = TargetKind::kPod,
          .key = "uid-" + std::to_string(number),
          .name = "worker-" + std::to_string(number),
          .name_space = "workers",
          .node = "node-" + std::to_string(number % 3),
          .version = number % 2 == 0 ? "v1.0.0" : "v2.0.0",
          .owner = "deployment/worker",
          .created = kNow - minutes(number)};
}

std::vector<Target> pods(int count) {
  std::vector<Target> fleet;
  for (int i = 0; i < count; ++i) {
    fleet.push_back(pod(i));
  }
  return fleet;
}

std::vector<std::string> names(const std::vector<Target>& targets) {
  std::vector<std::string> all;
  for (const Target& target : targets) {
    all.push_back(target.name);
  }
  return all;
}

void shuffle(std::vector<Target>& targets, RandomStream& random) {
  for (std::size_t left = targets.size(); left > 1; --left) {
    std::swap(targets[left - 1], targets[random.below(left)]);
  }
}

// A fleet of up to 12 pods, some of them not Ready, with limits of all kinds.
struct Drawn {
  std::vector<Target> fleet;
  ChoiceInput input;
};

Drawn draw(RandomStream& random) {
  Drawn drawn{.fleet = pods(static_cast<int>(random.below(13))), .input = {}};
  for (Target& target : drawn.fleet) {
    target.ready = random.below(4) != 0;
    if (random.below(5) == 0) {
      target.name_space = "kube-system";
    }
    if (random.below(8) == 0) {
      target.untouchable = "it is being deleted";
    }
    if (random.below(5) == 0) {
      drawn.input.hit_before.insert(target.key);
    }
  }
  drawn.input.limits.count = static_cast<int>(1 + random.below(6));
  if (random.below(2) == 0) {
    drawn.input.limits.max_percent = static_cast<int>(random.below(101));
  }
  drawn.input.limits.min_remaining = static_cast<int>(random.below(5));
  drawn.input.order = static_cast<Order>(random.below(3));
  drawn.input.seed = random.next();
  drawn.input.now = kNow;
  return drawn;
}

TEST(Victims, are_the_same_for_the_same_seed_in_whatever_order_the_pods_are_listed) {
  RandomStream random(1);
  for (int round = 0; round < kRounds; ++round) {
    Drawn drawn = draw(random);
    const std::vector<std::string> chosen = names(choose_victims(drawn.fleet, drawn.input).victims);
    shuffle(drawn.fleet, random);
    EXPECT_EQ(names(choose_victims(drawn.fleet, drawn.input).victims), chosen);
  }
}

TEST(Victims, are_never_more_than_any_limit_allows) {
  RandomStream random(2);
  for (int round = 0; round < kRounds; ++round) {
    const Drawn drawn = draw(random);
    const Limits& limits = drawn.input.limits;
    const auto ready = static_cast<std::size_t>(std::ranges::count_if(drawn.fleet, &Target::ready));
    const std::size_t victims = choose_victims(drawn.fleet, drawn.input).victims.size();
    EXPECT_LE(victims, static_cast<std::size_t>(limits.count));
    EXPECT_LE(victims * 100, ready * static_cast<std::size_t>(limits.max_percent.value_or(100)));
    EXPECT_TRUE(victims == 0 || ready - victims >= static_cast<std::size_t>(limits.min_remaining));
  }
}

TEST(Victims, are_as_many_as_the_limits_allow) {
  RandomStream random(3);
  for (int round = 0; round < kRounds; ++round) {
    const Drawn drawn = draw(random);
    const Choice choice = choose_victims(drawn.fleet, drawn.input);
    EXPECT_EQ(choice.limit.empty(), choice.victims.size() == static_cast<std::size_t>(drawn.input.limits.count));
  }
}

TEST(Victims, are_never_chosen_twice_protected_unready_or_hit_before) {
  RandomStream random(4);
  for (int round = 0; round < kRounds; ++round) {
    const Drawn drawn = draw(random);
    std::set<std::string> keys;
    for (const Target& victim : choose_victims(drawn.fleet, drawn.input).victims) {
      EXPECT_TRUE(keys.insert(victim.key).second) << victim.key;
      EXPECT_EQ(victim.name_space, "workers");
      EXPECT_TRUE(victim.ready);
      EXPECT_EQ(victim.untouchable, "");
      EXPECT_FALSE(drawn.input.hit_before.contains(victim.key));
    }
  }
}

TEST(Victims, and_the_spared_are_all_of_the_fleet) {
  RandomStream random(5);
  for (int round = 0; round < kRounds; ++round) {
    const Drawn drawn = draw(random);
    const Choice choice = choose_victims(drawn.fleet, drawn.input);
    EXPECT_EQ(choice.victims.size() + choice.spared.size(), drawn.fleet.size());
  }
}

TEST(Victims, may_be_anybody_at_random) {
  std::set<std::string> hit;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    hit.insert(choose_victims(pods(5), {.seed = seed, .now = kNow}).victims.front().name);
  }
  EXPECT_THAT(hit, SizeIs(5));
}

TEST(Victims, are_the_oldest_or_the_newest_on_demand) {
  EXPECT_THAT(names(choose_victims(pods(5), {.limits = {.count = 2}, .order = Order::kOldest, .now = kNow}).victims),
              ElementsAre("worker-4", "worker-3"));
  EXPECT_THAT(names(choose_victims(pods(5), {.limits = {.count = 2}, .order = Order::kNewest, .now = kNow}).victims),
              ElementsAre("worker-0", "worker-1"));
}

TEST(Victims, are_of_the_fleet_that_was_asked_for) {
  const auto chosen = [](FleetFilter filter) {
    std::vector<std::string> all =
        names(choose_victims(pods(6), {.filter = std::move(filter), .limits = {.count = 9}, .now = kNow}).victims);
    std::ranges::sort(all);
    return all;
  };
  EXPECT_THAT(chosen({.names = {"worker-1", "*-4"}}), ElementsAre("worker-1", "worker-4"));
  EXPECT_THAT(chosen({.version = "v2.0.0"}), ElementsAre("worker-1", "worker-3", "worker-5"));
  EXPECT_THAT(chosen({.node = "node-2"}), ElementsAre("worker-2", "worker-5"));
  EXPECT_THAT(chosen({.owner = "deployment/worker"}), SizeIs(6));
  EXPECT_THAT(chosen({.owner = "worker"}), SizeIs(6));
  EXPECT_THAT(chosen({.owner = "deployment/other"}), IsEmpty());
}

TEST(Victims, are_old_enough) {
  const Choice choice = choose_victims(pods(3), {.limits = {.count = 9}, .min_age = minutes(2), .now = kNow});
  EXPECT_THAT(names(choice.victims), ElementsAre("worker-2"));
  EXPECT_THAT(choice.spared.front().reason, HasSubstr("less than 2m"));
}

TEST(Victims, may_be_younger_than_nothing_where_clocks_differ) {
  std::vector<Target> fleet = pods(1);
  fleet.front().created = kNow + minutes(1);
  EXPECT_THAT(choose_victims(fleet, {.now = kNow}).victims, SizeIs(1));
}

TEST(Victims, are_those_that_temporal_names) {
  const auto choose = [](std::vector<std::vector<std::string>> named) {
    return choose_victims(pods(3), {.limits = {.count = 9}, .named_by_temporal = std::move(named), .now = kNow});
  };
  const Choice choice = choose({{"worker-1@node-1/v2.0.0#ab", "worker-2@node-2/v1.0.0#cd"}, {"1@worker-1"}});
  EXPECT_THAT(names(choice.victims), ElementsAre("worker-1"));
  EXPECT_EQ(choice.fleet, 3U);
  EXPECT_THAT(choose({{}}).victims, IsEmpty());
}

TEST(Victims, are_none_where_a_percentage_of_the_fleet_is_none_and_the_choice_says_so) {
  const Choice choice = choose_victims(pods(3), {.limits = {.max_percent = 30}, .now = kNow});
  EXPECT_THAT(choice.victims, IsEmpty());
  EXPECT_EQ(choice.limit, "at most 30% of 3 Ready: 0");
}

TEST(TargetIdentity, of_a_pod_is_ours_and_every_other_sdks) {
  const Target target{.kind = TargetKind::kPod, .name = "worker-7f"};
  EXPECT_TRUE(is_behind(target, "worker-7f@node-1/v1.0.0#9c"));
  EXPECT_TRUE(is_behind(target, "1@worker-7f"));
  EXPECT_TRUE(is_behind(target, "1@worker-7f@queue"));
  EXPECT_FALSE(is_behind(target, "worker-7@node-1/v1.0.0#9c"));
  EXPECT_FALSE(is_behind(target, "1@worker-7f0"));
  EXPECT_FALSE(is_behind(target, ""));
}

TEST(TargetIdentity, of_a_pod_with_a_long_name_has_the_host_name_that_is_cut) {
  const std::string name(70, 'a');
  EXPECT_TRUE(is_behind({.kind = TargetKind::kPod, .name = name}, "1@" + name.substr(0, 63)));
}

TEST(TargetIdentity, of_a_process_is_its_id_on_its_host) {
  const Target target{.kind = TargetKind::kProcess, .name = "4711", .node = "vm"};
  EXPECT_TRUE(is_behind(target, "4711@vm/v1.0.0#9c"));
  EXPECT_TRUE(is_behind(target, "4711@vm"));
  EXPECT_FALSE(is_behind(target, "4711@other/v1.0.0#9c"));
  EXPECT_FALSE(is_behind(target, "471@vm"));
}

TEST(TargetIdentity, of_a_deployment_is_any_of_its_pods) {
  const Target target{.kind = TargetKind::kDeployment, .name = "workers", .pod_names = {"workers-1", "workers-2"}};
  EXPECT_TRUE(is_behind(target, "workers-2@node/v1#a"));
  EXPECT_FALSE(is_behind(target, "workers-3@node/v1#a"));
}

}  // namespace
}  // namespace lifecycle::cli::chaos
