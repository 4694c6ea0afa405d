// Where words go: standard output carries the answer, standard error carries progress, warnings and errors.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/exit_code.h"

namespace lifecycle::cli {

enum class OutputFormat : std::uint8_t { kText, kJson, kJsonl, kNone };
enum class ColorChoice : std::uint8_t { kAuto, kAlways, kNever };

// What decides about colour on one stream.
struct StreamFacts {
  bool is_terminal = false;
  bool no_color_set = false;  // NO_COLOR is set and not empty (no-color.org)
  std::string term;           // TERM
};

// --color wins over NO_COLOR, NO_COLOR over what the terminal can do.
[[nodiscard]] bool use_color(ColorChoice choice, const StreamFacts& facts);

enum class Color : std::uint8_t { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// The text between the escape sequences of a colour, or the text alone.
[[nodiscard]] std::string painted(std::string_view text, Color color, bool enabled);

struct OutputOptions {
  OutputFormat format = OutputFormat::kText;
  ColorChoice color = ColorChoice::kAuto;
  StreamFacts standard_output;
  StreamFacts standard_error;
};

class Output {
 public:
  explicit Output(OutputOptions options);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  [[nodiscard]] OutputFormat format() const { return options_.format; }
  [[nodiscard]] bool is_json() const { return options_.format == OutputFormat::kJson || options_.format == OutputFormat::kJsonl; }
  // True where a line on standard error can be redrawn in place.
  [[nodiscard]] bool animated() const { return animated_; }
  [[nodiscard]] bool error_colored() const { return error_colored_; }

  // A line on standard output. A reader that has gone away (EPIPE) ends the process quietly with 0, as the temporal CLI does.
  void answer(std::string_view line);
  // One JSON document on standard output: indented with -o json, on one line otherwise.
  void document(const nlohmann::ordered_json& value);
  // Progress for people: a line on standard error in text mode, nothing in the others.
  void note(std::string_view line);
  // What must be seen in every mode but -o none.
  void warning(std::string_view line);
  // A last line on standard error that is redrawn in place, cut at the terminal's width; only where animated(). Other lines appear above
  // it.
  void set_status_line(std::string_view line);
  void clear_status_line();

  // Tells the error on standard error, as text or JSON, and returns the exit code that goes with it.
  ExitCode report(const Error& error);
  // The same with a code and an exit code of the caller's: for what is no Error of the library.
  ExitCode report(std::string_view code_name, ExitCode exit_code, std::string_view message, std::string_view hint);

 private:
  void write_error_line(std::string_view line);

  OutputOptions options_;
  bool animated_;
  bool error_colored_;
  std::string status_line_;
};

// What is known about a stream of this process: `descriptor` is STDOUT_FILENO or STDERR_FILENO, the others are values of the environment.
[[nodiscard]] StreamFacts facts_of_stream(int descriptor, std::string_view no_color, std::string_view term);

}  // namespace lifecycle::cli
