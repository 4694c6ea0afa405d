// What could stand at the cursor: a pure function of the command line's definition and the words that are typed so far.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lifecycle::cli {

struct Candidate {
  std::string value;
  std::string description;

  bool operator==(const Candidate&) const = default;
};

// Who knows the values of a flag or an argument that the definition does not list.
enum class ValueSource : std::uint8_t {
  kNobody,
  kFiles,  // the shell
  kWorkflowIds,
  kVersions,  // of a Worker Deployment
  kDeployments,
  kTaskQueues,
  kProfiles,  // of temporal.toml
  kKubeContexts,
  kPods,
};

// The source of a flag ("--task-queue"), an argument ("version") or a part of a value ("QUEUE") by its name: equal names mean the same
// thing in every command.
[[nodiscard]] ValueSource value_source(std::string_view name);

// A flag or an argument that stands before the cursor, with its value; a flag without one has "".
struct GivenOption {
  const CLI::Option* option = nullptr;
  std::string value;
};

struct Completion {
  std::string typed;                  // what the value at the cursor begins with
  std::string prefix;                 // what stands before the value in the same word: "--output="
  std::vector<Candidate> candidates;  // values that the definition knows and that begin with `typed`, in its order
  bool goes_on = false;               // a candidate is not a whole word: "serving="
  ValueSource source = ValueSource::kNobody;
  std::vector<GivenOption> given;

  // The last value given for an option by its name ("--deployment-name"); nothing when it was not given.
  [[nodiscard]] std::optional<std::string> given_value(const std::string& name) const;
};

// `words` are those after the program's name; the last one is at the cursor and may be empty. Words that make no sense are passed over:
// a mistake is told when the command is run.
[[nodiscard]] Completion complete(const CLI::App& app, std::span<const std::string> words);

// The answer to a shell in the protocol of cobra's `__complete`: a line for each candidate, its description after a tab, and a last line
// with what the shell is to do beyond that. `fetched` are the source's candidates; those that do not fit what is typed are left out.
[[nodiscard]] std::string completion_text(const Completion& completion, std::span<const Candidate> fetched, bool with_descriptions);

}  // namespace lifecycle::cli
