// The structs that the tests of the converter read and write.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "converter/json.h"

namespace lifecycle::converter::shapes {

struct Retry {
  int maximum_attempts = 3;
  double backoff_coefficient = 2.0;

  static constexpr auto json_fields() {
    return std::tuple(field("maximum_attempts", &Retry::maximum_attempts), field("backoff_coefficient", &Retry::backoff_coefficient));
  }
  friend bool operator==(const Retry&, const Retry&) = default;
};

struct Input {
  int steps = 10;
  std::int64_t duration_ms = 30000;
  std::optional<int> fail_step;
  std::string name = "lifecycle";
  bool verbose = false;
  Retry retry{.maximum_attempts = 7};
  std::vector<Retry> attempts;
  std::map<std::string, std::vector<int>> groups;

  static constexpr auto json_fields() {
    return std::tuple(field("steps", &Input::steps), field("duration_ms", &Input::duration_ms), field("fail_step", &Input::fail_step),
                      field("name", &Input::name), field("verbose", &Input::verbose), field("retry", &Input::retry),
                      field("attempts", &Input::attempts), field("groups", &Input::groups));
  }
  friend bool operator==(const Input&, const Input&) = default;
};

struct Nothing {
  static constexpr auto json_fields() { return std::tuple(); }
  friend bool operator==(const Nothing&, const Nothing&) = default;
};

// Not described: nlohmann/json finds its conversion by ADL.
struct Celsius {
  double degrees = 0;
  friend bool operator==(const Celsius&, const Celsius&) = default;
};
inline void to_json(nlohmann::json& out, const Celsius& value) { out = {{"celsius", value.degrees}}; }
inline void from_json(const nlohmann::json& in, Celsius& value) { value.degrees = in.at("celsius").get<double>(); }

struct Weather {
  Celsius temperature;
  nlohmann::json anything;

  static constexpr auto json_fields() {
    return std::tuple(field("temperature", &Weather::temperature), field("anything", &Weather::anything));
  }
  friend bool operator==(const Weather&, const Weather&) = default;
};

}  // namespace lifecycle::converter::shapes
