#include "cli/list_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/connection.h"
#include "cli/describe/story_reader.h"
#include "cli/failure_text.h"
#include "cli/flags.h"
#include "cli/run_report.h"
#include "cli/stop_requests.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "client/call.h"
#include "rpc/methods.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;
using WorkflowInfo = temporal::api::workflow::v1::WorkflowExecutionInfo;

constexpr int kPageSize = 500;

ordered_json json_of(const WorkflowInfo& info, const std::string& name_space) {
  ordered_json object = names_json({.workflow_id = info.execution().workflow_id(),
                                    .run_id = info.execution().run_id(),
                                    .workflow_type = info.type().name(),
                                    .name_space = name_space,
                                    .task_queue = info.task_queue()});
  object["status"] = status_name(info.status());
  object["startTime"] = iso_time(api::to_wall_time(info.start_time()));
  if (info.has_close_time()) {
    object["closeTime"] = iso_time(api::to_wall_time(info.close_time()));
  }
  const auto& versioning = info.versioning_info();
  if (versioning.has_deployment_version()) {
    object["deployment"] = versioning.deployment_version().deployment_name();
    object["version"] = versioning.deployment_version().build_id();
  }
  if (const std::string behavior = behavior_name(versioning.behavior()); !behavior.empty()) {
    object["versioningBehavior"] = behavior;
  }
  return object;
}

class ListCommand {
 public:
  ListCommand(const GlobalOptions& global, const ListOptions& options, const ProcessContext& process, Output& output,
              Connection& connection)
      : global_(global),
        options_(options),
        process_(process),
        output_(output),
        connection_(connection),
        client_(make_client(connection)),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode stopped_by) {
          report_stop(output_, stopped_by, "the list is not complete", "");
          ::_exit(to_int(stopped_by));
        }) {}

  ExitCode run() {
    if (const auto connected = client_.check_connection(global_.connect_timeout); !connected) {
      return output_.report(connected.error());
    }
    const Result<void> listed = list();
    if (!listed) {
      return output_.report(listed.error());
    }
    if (output_.format() == OutputFormat::kJson) {
      output_.document(all_);
    } else if (count_ == 0) {
      output_.note("no workflow");
    }
    return ExitCode::kDone;
  }

 private:
  Result<void> list() {
    rpc::ListWorkflowExecutions::Request request;
    request.set_namespace_(connection_.config.name_space);
    request.set_query(options_.query);
    do {
      request.set_page_size(options_.limit > 0 ? std::min(options_.limit - count_, kPageSize) : kPageSize);
      const auto page =
          client::ask<rpc::ListWorkflowExecutions>(*connection_.service, connection_.loop, client_.options(), request,
                                                   options_.query.empty() ? "list workflows" : "list workflows with " + options_.query);
      if (!page) {
        return std::unexpected(page.error());
      }
      show(*page);
      request.set_next_page_token(page->next_page_token());
    } while (!request.next_page_token().empty() && (options_.limit <= 0 || count_ < options_.limit));
    return {};
  }

  void show(const rpc::ListWorkflowExecutions::Response& page) {
    std::vector<Row> rows;
    if (count_ == 0) {
      rows.push_back({"STATUS", "WORKFLOW ID", "TYPE", "STARTED", "VERSION"});
    }
    for (const WorkflowInfo& info : page.executions()) {
      if (options_.limit > 0 && count_ == options_.limit) {
        break;
      }
      ++count_;
      if (output_.format() == OutputFormat::kJsonl) {
        output_.document(json_of(info, connection_.config.name_space));
      } else if (output_.format() == OutputFormat::kJson) {
        all_.push_back(json_of(info, connection_.config.name_space));
      } else {
        rows.push_back(row_of(info));
      }
    }
    if (output_.format() == OutputFormat::kText && count_ > 0) {
      for (const std::string& line : aligned(rows)) {
        output_.answer(line);
      }
    }
  }

  [[nodiscard]] Row row_of(const WorkflowInfo& info) const {
    const WallTime started = api::to_wall_time(info.start_time());
    const std::string when = global_.time_format == TimeFormat::kRelative
                                 ? short_duration(std::max(process_.clock.wall_now() - started, Duration::zero())) + " ago"
                                 : time_text(global_.time_format, started, started);
    const auto& versioning = info.versioning_info();
    return {std::string(status_name(info.status())), one_line(info.execution().workflow_id()), one_line(info.type().name()), when,
            versioning.has_deployment_version() ? one_line(versioning.deployment_version().build_id()) : "-"};
  }

  const GlobalOptions& global_;
  const ListOptions& options_;
  const ProcessContext& process_;
  Output& output_;
  Connection& connection_;
  client::Client client_;
  StopRequests stop_requests_;
  int count_ = 0;
  ordered_json all_ = ordered_json::array();
};

}  // namespace

void add_list_options(CLI::App& app, ListOptions& options) {
  app.add_option("-q,--query", options.query, "visibility query, such as ExecutionStatus = 'Running'");
  app.add_option("--limit", options.limit, "how many at most; 0: all [0]")->check(CLI::NonNegativeNumber);
}

ExitCode run_list(const GlobalOptions& global, const ListOptions& options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return run_list(global, options, process, output, **connection);
}

ExitCode run_list(const GlobalOptions& global, const ListOptions& options, const ProcessContext& process, Output& output,
                  Connection& connection) {
  return ListCommand(global, options, process, output, connection).run();
}

}  // namespace lifecycle::cli
