#include <gtest/gtest.h>

#include "worker/worker.h"

namespace lifecycle::worker {
namespace {

TEST(IdentityTest, InAPodItNamesPodNodeVersionAndStart) {
  EXPECT_EQ(make_identity({.pod_name = "worker-7d9f",
                           .node_name = "node-1",
                           .host_name = "worker-7d9f",
                           .process_id = 1,
                           .worker_version = "v1.2.0",
                           .nonce = "a1b2"}),
            "worker-7d9f@node-1/v1.2.0#a1b2");
}

TEST(IdentityTest, ElsewhereItNamesProcessHostVersionAndStart) {
  EXPECT_EQ(make_identity({.host_name = "laptop", .process_id = 4711, .worker_version = "v1.2.0", .nonce = "a1b2"}),
            "4711@laptop/v1.2.0#a1b2");
}

TEST(IdentityTest, TwoStartsOfTheSameProcessIdDiffer) {
  const IdentityParts first{.host_name = "laptop", .process_id = 1, .worker_version = "v1", .nonce = "a"};
  IdentityParts second = first;
  second.nonce = "b";
  EXPECT_NE(make_identity(first), make_identity(second));
}

TEST(IdentityTest, AHostNameThatIsNoUtf8CanStillBeSent) {
  EXPECT_EQ(make_identity({.host_name = "caf\xe9", .process_id = 1, .worker_version = "v1", .nonce = "a"}), "1@caf\xef\xbf\xbd/v1#a");
}

}  // namespace
}  // namespace lifecycle::worker
