# What people type. Every target installs, configures and builds what it needs first, and does nothing twice.
#
#   make demo         the demonstration, with an embedded Temporal server (KEEP=1 leaves the server up)
#   make demo-versioned   strict versions: pinned workflows under a kill, promote and rollback
#   make test         all tests
#   make test-unit    the tests that need no server
#   make test-production   the tests on the production Temporal server with PostgreSQL, which needs Go (make test has them, too, where Go is)
#   make go-tools     builds that server, and the Go SDK's worker that ours is tested beside
#   make asan, tsan   the tests with AddressSanitizer and UndefinedBehaviorSanitizer, with ThreadSanitizer
#   make fuzz         half a minute of fuzzing for each reader of bytes that others wrote
#   make tidy         clang-tidy over every file that is shipped
#   make lint         format, scripts and house rules
#   make format       clang-format over every file
#   make bench        replay, load, start and memory of our worker; make bench-peers: beside the Go and Python SDKs' workers
#   make cluster-up   a Kubernetes to try it in: minikube or kind where there is one, else one made here; make cluster-down removes it
#   make demo-k8s     the whole demonstration in that cluster, each claim checked (FULL=1: with the 5-minute workflow; KEEP=1 leaves it in place)
#   make dev          watch the sources, build, and roll the cluster's workers under a live workflow
#   make test-cluster the demonstration deployed through the cluster's registry, and its tests on a real Kubernetes
#   make deploy       images and manifests into the cluster that kubectl speaks to; make undeploy takes them out again
#   make bench-recovery  how long a workflow stands still after SIGTERM, SIGKILL and SIGSTOP: ours, and the Go and Python SDKs' workers
#   make bench-standstill   how long workflows in the cluster stand still after each fault of lifecycle chaos, beside the longest that may be
#   make soak         1,000 kills of supervised workers (KILLS=n): nothing lost, nothing completed twice
#   make soak-cluster 100 workflows in the cluster under one proven SIGKILL after the other for three minutes, and what lifecycle verify says
#   make install      into DESTDIR and PREFIX (/usr/local)
#   make install-sdk  the library for other projects, likewise
#   make package      the Debian packages, in build/release; make test-package tries them in a clean Debian 12 (as root)
#   make clean        removes build/
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
KILLS ?= 1000
CLUSTER_PYTEST = LIFECYCLE_CLUSTER_REQUIRED=1 build/venv/bin/python -m pytest -q -o cache_dir="$(CURDIR)/build/pytest-cache"
CXX_FILES = $(shell git ls-files '*.cc' '*.h')

.PHONY: demo demo-versioned test test-unit test-production go-tools asan tsan fuzz tidy lint format bench bench-peers install install-sdk build setup clean cluster-up cluster-down demo-k8s dev deploy undeploy test-cluster cluster-images soak-cluster bench-recovery bench-standstill soak package test-package

build: setup
	@cmake --preset release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset release -j $(JOBS)

setup:
	@ci/setup
	@mkdir -p build

demo: build
	@ci/demo

demo-versioned: build
	@ci/demo-versioned

test: build go-tools
	@ctest --preset release -j $(JOBS) $(CTEST_FLAGS)

test-unit: build
	@ctest --preset release -j $(JOBS) -L unit

test-production: build
	@ci/build-go-tools
	@ctest --preset release -L production

go-tools: setup
	@ci/build-go-tools || [ $$? -eq 3 ]
	@! command -v go > /dev/null || go -C bench/peers/go build -buildvcs=false -o "$(CURDIR)/build/peers/go-peer" .

asan tsan: setup
	@cmake --preset $@ > build/configure-$@.log 2>&1 || { cat build/configure-$@.log; exit 1; }
	@cmake --build --preset $@ -j $(JOBS)
	@ctest --preset $@ -j $(JOBS) -LE 'production|load' $(CTEST_FLAGS)

fuzz: setup
	@cmake --preset fuzz > build/configure-fuzz.log 2>&1 || { cat build/configure-fuzz.log; exit 1; }
	@cmake --build --preset fuzz -j $(JOBS)
	@ctest --preset fuzz -j $(JOBS)

tidy: setup
	@cmake --preset tidy > build/configure-tidy.log 2>&1 || { cat build/configure-tidy.log; exit 1; }
	@cmake --build --preset tidy --target lifecycle_revision > /dev/null
	@JOBS=$(JOBS) ci/tidy

lint: setup
	@ci/lint

format: setup
	@clang-format-19 -i $(CXX_FILES)

bench: build
	@build/release/bench/lifecycle_replay_benchmark
	@build/release/bench/lifecycle_last_will_benchmark
	@build/venv/bin/python bench/peers.py --ours --rounds 1 --hold 10000

bench-peers: build
	@build/venv/bin/python bench/peers.py

cluster-up:
	@ci/cluster up

cluster-down:
	@ci/cluster down

demo-k8s: build cluster-up
	@ci/demo-k8s

dev: deploy
	@ci/dev

test-cluster: build cluster-up
	@ci/build --push
	@rm -rf build/pytest-cache
	@$(CLUSTER_PYTEST) tests/cluster $(CLUSTER_TESTS) \
	  || { [ $$? -eq 1 ] && [ -n "$(CLUSTER_AGAIN)" ] && $(CLUSTER_PYTEST) tests/cluster $(CLUSTER_TESTS) --last-failed; }

# What test-cluster needs and takes minutes to make, the first time.
cluster-images: build
	@ci/setup --cluster
	@ci/build-kubernetes
	@ci/images
	@ci/build --prepare

soak-cluster:
	@LIFECYCLE_SOAK_SECONDS=180 LIFECYCLE_SOAK_WORKFLOWS=100 $(CLUSTER_PYTEST) -s tests/cluster/test_soak.py

deploy:
	@ci/build

undeploy:
	@ci/cleanup

bench-standstill: build
	@build/venv/bin/python bench/standstill.py

bench-recovery: build
	@build/venv/bin/python bench/recovery.py

soak: build
	@LIFECYCLE_KILLS=$(KILLS) build/venv/bin/python -m pytest -q -s --rootdir tests/integration -c tests/integration/pytest.ini tests/integration/test_kill_storm.py

install: build
	@cmake --install build/release --prefix $(PREFIX)

install-sdk: build
	@cmake --install build/release --component sdk --prefix $(PREFIX)

package: build
	@ci/setup --package
	@cd build/release && SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) cpack > cpack.log 2>&1 || { cat cpack.log; exit 1; }
	@lintian --fail-on error,warning build/release/*.deb
	@ls -l build/release/*.deb

test-package: package
	@ci/test-package

clean:
	@rm -rf build
