"""All tests, by level: architecture, native, unit, properties, vectors, scenarios, contracts, integration."""
