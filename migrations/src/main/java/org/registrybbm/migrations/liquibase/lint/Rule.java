package org.registrybbm.migrations.liquibase.lint;

/** What a changelog should not have. */
public enum Rule {
    /** A gate asks for a migration that no changeset before it queues. */
    GATE_UNKNOWN_NAME("gate-unknown-name", true),
    /** A column that a migration fills or reads is constrained, changed or dropped, and no gate stands between. */
    GATE_MISSING("gate-missing", true),
    /** A precondition asks for a migration where its failure could be lost. */
    GATE_SOFT("gate-soft", true),
    /** Something in a YAML or JSON file that Liquibase ignores without a word. */
    NODE_UNKNOWN("node-unknown", true),
    /** No tag stands between a migration and its gate, so both may be deployed at once. */
    GATE_SAME_RELEASE("gate-same-release", false),
    /** A column is copied, and nothing says who keeps new rows right. */
    SYNC_MISSING("sync-missing", false),
    /** No work function of this name is registered. */
    FUNCTION_UNREGISTERED("function-unregistered", true),
    /** A column gets an index before it is filled: each changed row then costs an entry in it. */
    INDEX_BEFORE_COPY("index-before-copy", false),
    /** A concurrent index in a transaction, beside another statement, or with IF NOT EXISTS. */
    CONCURRENTLY("concurrently", true),
    /** A table that a migration works on is altered without a lock_timeout. */
    LOCK_TIMEOUT_MISSING("lock-timeout-missing", false),
    /** No index finds the next rows of a migration by key. Only a database can tell. */
    KEY_UNINDEXED("key-unindexed", true),
    /** No partial index finds the rows that are left. Only a database can tell. */
    NO_PARTIAL_INDEX("null-strategy-without-partial-index", true),
    /** The work function does not accept its arguments on this table. Only a database can tell. */
    ARGUMENTS_INVALID("arguments-invalid", true),
    /** The migration would fail for another reason as soon as it began. Only a database can tell. */
    DEFINITION_INVALID("definition-invalid", true);

    private final String id;
    private final boolean error;

    Rule(String id, boolean error) {
        this.id = id;
        this.error = error;
    }

    /** Returns the name that people write to ignore it. */
    public String id() {
        return id;
    }

    /** Returns whether a finding is an error, and not a warning. */
    public boolean isError() {
        return error;
    }
}
