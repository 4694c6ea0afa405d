"""What the integration tests, the benchmarks and the recorder of histories share: a real server, real workers, and a view on both."""
