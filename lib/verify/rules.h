// The checks behind general_rules(), one file for each group.
#pragma once

#include "verify/verify.h"

namespace lifecycle::verify {

// event_rules.cc
void check_ended(const Evidence& evidence, Findings& findings);
void check_event_ids(const Evidence& evidence, Findings& findings);
void check_one_ending(const Evidence& evidence, Findings& findings);
void check_links(const Evidence& evidence, Findings& findings);
void check_cause_first(const Evidence& evidence, Findings& findings);

// operation_rules.cc
void check_starts_once(const Evidence& evidence, Findings& findings);
void check_ends_once(const Evidence& evidence, Findings& findings);
void check_retries(const Evidence& evidence, Findings& findings);
void check_workflow_task_retries(const Evidence& evidence, Findings& findings);
void check_determinism(const Evidence& evidence, Findings& findings);

// version_rules.cc
void check_pinned_version(const Evidence& evidence, Findings& findings);
void check_version_return(const Evidence& evidence, Findings& findings);

// fault_rules.cc
void check_killed_worker(const Evidence& evidence, Findings& findings);

}  // namespace lifecycle::verify
