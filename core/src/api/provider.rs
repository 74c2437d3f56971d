//! Who answers: hosts and the names of providers (`gen_ai.provider.name`).
