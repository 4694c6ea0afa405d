// The worker's limits and delays, with their reasons.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace lifecycle::worker {

// The server answers an empty poll after 60 s; a poll without a deadline is refused at once.
inline constexpr Duration kPollTimeout = std::chrono::seconds(70);
inline constexpr Duration kRespondTimeout = std::chrono::seconds(30);

// Back-off of failed polls. While no server answers, a try costs nothing but a look at the channel, and the worker must be back soon after
// the server is; a server that answers with a refusal is given more room.
inline constexpr Duration kPollBackoffFirst = std::chrono::milliseconds(200);
inline constexpr Duration kUnreachableBackoffMax = std::chrono::seconds(2);
inline constexpr Duration kRefusedBackoffMax = std::chrono::seconds(10);
// A poll that lived this long before it failed had been accepted: what failed is new, and the back-off begins anew.
inline constexpr Duration kAcceptedPollAge = std::chrono::seconds(5);
// A poll that is open for this long without a complaint is taken as accepted, if the server is known to answer: refusals come at once.
inline constexpr Duration kAcceptedPollAgeMin = std::chrono::seconds(1);
// How often a worker that is not ready looks whether it has become so.
inline constexpr Duration kReadinessReviewInterval = std::chrono::milliseconds(500);
inline constexpr Duration kRecordWorkerHeartbeatTimeout = std::chrono::seconds(5);
inline constexpr Duration kDescribeNamespaceTimeout = std::chrono::seconds(5);
// An answer without a task that comes faster than this was not waited for by anybody.
inline constexpr Duration kEmptyPollAgeMin = std::chrono::milliseconds(200);
// Part of a delay by which it is made longer or shorter at random: workers that lost the same server do not come back in step.
inline constexpr double kPollBackoffJitter = 0.2;
// A poll that is open for longer than a connection may take to be made (lib/rpc) is with a server that has accepted it.
inline constexpr Duration kPollWorksAge = std::chrono::seconds(6);
// A server that refuses for one reason and then for another is told of again, but not more often than this.
inline constexpr Duration kPollComplaintInterval = std::chrono::minutes(1);

// How often the gauges of the metrics are brought up to date: well below the intervals at which they are read.
inline constexpr Duration kGaugeSampleInterval = std::chrono::seconds(1);

// Events a history page may have; the server caps it at what it is configured for.
inline constexpr int kHistoryPageEventsMax = 1000;

// The server refuses requests over 4 MiB, counted as serialized; some room is left for what transport adds.
inline constexpr std::size_t kRequestBytesMax = 4U * 1024 * 1024 - 4096;
// A failure and the last heartbeat's details are sent together.
inline constexpr std::size_t kFailureBytesMax = kRequestBytesMax / 2;

// Eager activities that one workflow task may ask for, as in the other SDKs.
inline constexpr std::size_t kEagerActivitiesPerTaskMax = 3;

// Heartbeats are sent at most once in this part of the heartbeat time-out, within these bounds.
inline constexpr double kHeartbeatIntervalFraction = 0.8;
inline constexpr Duration kHeartbeatIntervalMin = std::chrono::milliseconds(100);
inline constexpr Duration kHeartbeatIntervalDefault = std::chrono::seconds(30);
inline constexpr Duration kHeartbeatIntervalMax = std::chrono::seconds(60);
// A heartbeat that failed is sent again this soon: after a whole interval more, the server would have given the attempt up.
inline constexpr Duration kFailedHeartbeatRetry = std::chrono::seconds(1);
// An activity that outlived its time-outs by this much is told to stop: nobody waits for it any more.
inline constexpr Duration kLocalTimeoutBuffer = std::chrono::seconds(5);

// After the graceful time-out, activities that were told to stop have this long to do so before the worker reports them as failed and
// leaves.
inline constexpr Duration kCancelledActivityGrace = std::chrono::seconds(5);
inline constexpr Duration kShutdownWorkerTimeout = std::chrono::seconds(2);
// Polls that the server ends by itself, as it promises to when a worker stops, are given this long: one that is cancelled meanwhile could
// take a task with it.
inline constexpr Duration kPollsEndByThemselves = std::chrono::seconds(2);

// The thread that watches the loop looks this often. It counts its own looks, not the clock: a process that was stopped and continued, or a
// machine that slept, has not been stuck.
inline constexpr Duration kLoopLookInterval = std::chrono::milliseconds(500);
// The loop is asked for a sign of life this often.
inline constexpr Duration kLoopPingInterval = std::chrono::seconds(5);

}  // namespace lifecycle::worker
