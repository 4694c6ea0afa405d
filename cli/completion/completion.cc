#include "cli/completion/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <utility>

namespace lifecycle::cli {
namespace {

// Bits of the protocol's last line.
constexpr int kNoSpace = 2;
constexpr int kNoFiles = 4;
constexpr int kKeepOrder = 32;

constexpr std::string_view kExitCodesTopic = "exit-codes";

bool is_visible(const CLI::App& command) { return !command.get_group().empty(); }
bool is_visible(const CLI::Option& option) { return !option.get_group().empty(); }
bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }
bool is_repeatable(const CLI::Option& option) {
  return option.get_items_expected_max() > 1 || option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}

// The command itself and those that it stands in, whose flags it takes, too.
std::vector<const CLI::App*> with_parents(const CLI::App& command) {
  std::vector<const CLI::App*> chain;
  for (const CLI::App* each = &command; each != nullptr; each = each->get_parent()) {
    chain.push_back(each);
  }
  return chain;
}

const CLI::Option* find_flag(const CLI::App& command, const std::string& name) {
  for (const CLI::App* each : with_parents(command)) {
    if (const CLI::Option* const option = each->get_option_no_throw(name); option != nullptr && option->nonpositional()) {
      return option;
    }
  }
  return nullptr;
}

std::vector<const CLI::Option*> positionals(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::App*> visible_subcommands(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* subcommand) { return is_visible(*subcommand); });
}

const CLI::App* find_subcommand(const CLI::App& command, const std::string& name) {
  const std::vector<const CLI::App*> found = command.get_subcommands([&](const CLI::App* each) { return each->check_name(name); });
  return found.empty() ? nullptr : found.front();
}

// Reads the words before the cursor as the parser would.
class Words {
 public:
  explicit Words(const CLI::App& app) : command_(&app) {}

  void read(const std::string& word) {
    if (awaiting_ != nullptr) {
      given_.push_back({.option = std::exchange(awaiting_, nullptr), .value = word});
    } else if (only_positionals_ || word.size() < 2 || !word.starts_with('-')) {
      read_positional(word);
    } else if (word == "--") {
      only_positionals_ = true;
    } else if (word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      read_flag(word.substr(0, equals), equals == std::string::npos ? std::nullopt : std::optional(word.substr(equals + 1)));
    } else {  // "-o", "-ojson"
      read_flag(word.substr(0, 2), word.size() == 2 ? std::nullopt : std::optional(word.substr(2)));
    }
  }

  [[nodiscard]] const CLI::App& command() const { return *command_; }
  [[nodiscard]] bool only_positionals() const { return only_positionals_; }
  // The flag whose value comes next.
  [[nodiscard]] const CLI::Option* awaiting() const { return awaiting_; }
  [[nodiscard]] bool may_be_subcommand() const { return positional_count_ == 0 && !only_positionals_; }
  // The argument that comes next; null when the command takes no more.
  [[nodiscard]] const CLI::Option* next_positional() const {
    const std::vector<const CLI::Option*> all = positionals(*command_);
    if (positional_count_ < all.size()) {
      return all[positional_count_];
    }
    return !all.empty() && is_repeatable(*all.back()) ? all.back() : nullptr;
  }
  [[nodiscard]] std::vector<GivenOption> take_given() { return std::move(given_); }
  [[nodiscard]] const std::vector<GivenOption>& given() const { return given_; }

 private:
  void read_positional(const std::string& word) {
    if (may_be_subcommand()) {
      if (const CLI::App* const subcommand = find_subcommand(*command_, word)) {
        command_ = subcommand;
        return;
      }
    }
    if (const CLI::Option* const option = next_positional()) {
      given_.push_back({.option = option, .value = word});
    }
    ++positional_count_;
  }

  void read_flag(const std::string& name, std::optional<std::string> value) {
    const CLI::Option* const option = find_flag(*command_, name);
    if (option == nullptr) {
      return;
    }
    if (takes_value(*option) && !value) {
      awaiting_ = option;
    } else {
      given_.push_back({.option = option, .value = std::move(value).value_or("")});
    }
  }

  const CLI::App* command_;
  std::size_t positional_count_ = 0;
  bool only_positionals_ = false;
  const CLI::Option* awaiting_ = nullptr;
  std::vector<GivenOption> given_;
};

// The first line: a list shows no more.
std::string short_text(const std::string& text) { return text.substr(0, text.find('\n')); }

void add(Completion& completion, std::string value, const std::string& description) {
  if (value.starts_with(completion.typed)) {
    completion.candidates.push_back({.value = std::move(value), .description = short_text(description)});
  }
}

// "text|json|jsonl" as its words; nothing for a type that has a name.
std::vector<std::string> words_of_type(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.contains('|') ? CLI::detail::split(type, '|') : std::vector<std::string>();
}

std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name(true, false) : "--" + option.get_lnames().front();
}

const CLI::App& root_of(const CLI::App& command) { return *with_parents(command).back(); }

void add_help_topics(Completion& completion, const CLI::App& root) {
  for (const CLI::App* subcommand : visible_subcommands(root)) {
    add(completion, subcommand->get_name(), subcommand->get_description());
  }
  add(completion, std::string(kExitCodesTopic), "what each exit code means");
}

// A word such as "serving=TASK_QUEUE" has a value of its own, whose source is told by its name.
void add_word(Completion& completion, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) {
    add(completion, word, "");
    return;
  }
  const std::string head = word.substr(0, equals + 1);
  if (completion.typed.starts_with(head)) {
    completion.prefix += head;
    completion.typed.erase(0, head.size());
    completion.source = value_source(word.substr(equals + 1));
  } else if (head.starts_with(completion.typed)) {
    completion.candidates.push_back({.value = head, .description = ""});
    completion.goes_on = true;
  }
}

void add_values(Completion& completion, const CLI::App& command, const CLI::Option& option) {
  const std::vector<std::string> words = words_of_type(option);
  for (const std::string& word : words) {
    add_word(completion, word);
  }
  const std::string name = name_of(option);
  if (command.get_name() == "help" && name == "topic") {
    add_help_topics(completion, root_of(command));
  } else if (words.empty()) {
    completion.source = value_source(name);
  }
}

bool is_excluded(const CLI::Option& option, const std::vector<GivenOption>& given) {
  return std::ranges::any_of(given, [&](const GivenOption& each) {
    return (each.option == &option && !is_repeatable(option)) || each.option->get_excludes().contains(const_cast<CLI::Option*>(&option));
  });
}

void add_flags(Completion& completion, const std::vector<const CLI::App*>& commands, const std::vector<GivenOption>& given) {
  std::set<std::string> seen;  // a command's own flag stands for its parent's of the same name
  for (const CLI::App* command : commands) {
    const bool is_own = command == commands.front();
    for (const CLI::Option* option : command->get_options({})) {
      const bool is_version = !is_own && option->get_lnames() == std::vector<std::string>{"version"};
      if (!option->nonpositional() || !is_visible(*option) || is_version || is_excluded(*option, given)) {
        continue;
      }
      for (const std::string& name : option->get_lnames()) {
        if (seen.insert(name).second) {
          add(completion, "--" + name, option->get_description());
        }
      }
      for (const std::string& name : option->get_snames()) {
        if (completion.typed == "-" + name) {
          add(completion, completion.typed, option->get_description());
        }
      }
    }
  }
}

void add_arguments(Completion& completion, const Words& words) {
  const CLI::App& command = words.command();
  if (words.may_be_subcommand()) {
    for (const CLI::App* subcommand : visible_subcommands(command)) {
      add(completion, subcommand->get_name(), subcommand->get_description());
    }
  }
  if (const CLI::Option* const positional = words.next_positional()) {
    add_values(completion, command, *positional);
  } else if (visible_subcommands(command).empty() && !words.only_positionals()) {
    add_flags(completion, {&command}, words.given());  // nothing else can follow
  }
}

std::string_view without_breaks(std::string_view text) { return text.substr(0, text.find_first_of("\t\n\r")); }

}  // namespace

std::optional<std::string> Completion::given_value(const std::string& name) const {
  for (const GivenOption& each : std::views::reverse(given)) {
    if (each.option->check_name(name)) {
      return each.value;
    }
  }
  return std::nullopt;
}

ValueSource value_source(std::string_view name) {
  using enum ValueSource;
  constexpr std::array<std::pair<std::string_view, ValueSource>, 25> kSources{{
      {"workflow", kWorkflowIds},
      {"workflow-id", kWorkflowIds},
      {"--workflow-id", kWorkflowIds},
      {"--running-workflow", kWorkflowIds},
      {"--polling", kTaskQueues},
      {"QUEUE", kTaskQueues},
      {"--task-queue", kTaskQueues},
      {"--worker-version", kVersions},
      {"--compare", kVersions},
      {"version", kVersions},
      {"VERSION", kVersions},
      {"--deployment-name", kDeployments},
      {"--profile", kProfiles},
      {"--kube-context", kKubeContexts},
      {"--name", kPods},
      {"--config-file", kFiles},
      {"--settings-file", kFiles},
      {"--api-key-file", kFiles},
      {"--tls-cert-path", kFiles},
      {"--tls-key-path", kFiles},
      {"--tls-ca-path", kFiles},
      {"--kubeconfig", kFiles},
      {"--journal", kFiles},
      {"--history", kFiles},
      {"history", kFiles},
  }};
  const auto* const found = std::ranges::find(kSources, name, &std::pair<std::string_view, ValueSource>::first);
  return found == kSources.end() ? kNobody : found->second;
}

Completion complete(const CLI::App& app, std::span<const std::string> words) {
  Completion completion;
  if (words.empty()) {
    return completion;
  }
  Words before(app);
  for (const std::string& word : words.first(words.size() - 1)) {
    before.read(word);
  }
  const std::string& current = words.back();
  completion.typed = current;
  const std::size_t equals = current.find('=');
  if (before.awaiting() != nullptr) {
    add_values(completion, before.command(), *before.awaiting());
  } else if (before.only_positionals() || !current.starts_with('-')) {
    add_arguments(completion, before);
  } else if (current.starts_with("--") && equals != std::string::npos) {
    completion.prefix = current.substr(0, equals + 1);
    completion.typed = current.substr(equals + 1);
    const CLI::Option* const flag = find_flag(before.command(), current.substr(0, equals));
    if (flag != nullptr && takes_value(*flag)) {
      add_values(completion, before.command(), *flag);
    }
  } else {
    add_flags(completion, with_parents(before.command()), before.given());
  }
  completion.given = before.take_given();
  return completion;
}

std::string completion_text(const Completion& completion, std::span<const Candidate> fetched, bool with_descriptions) {
  std::string text;
  const auto add_line = [&](const Candidate& candidate) {
    text += completion.prefix + candidate.value;
    if (with_descriptions && !candidate.description.empty()) {
      text += fmt::format("\t{}", without_breaks(candidate.description));
    }
    text += '\n';
  };
  std::ranges::for_each(completion.candidates, add_line);
  for (const Candidate& candidate : fetched) {
    const bool is_one_word = candidate.value.find_first_of("\t\n\r") == std::string::npos;  // the protocol has no way to write others
    if (is_one_word && candidate.value.starts_with(completion.typed)) {
      add_line(candidate);
    }
  }
  const int directive =
      completion.source == ValueSource::kFiles ? 0 : kNoFiles | (completion.goes_on ? kNoSpace : 0) | (fetched.empty() ? 0 : kKeepOrder);
  return text + fmt::format(":{}\n", directive);
}

}  // namespace lifecycle::cli
