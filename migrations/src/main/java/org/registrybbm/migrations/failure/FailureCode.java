package org.registrybbm.migrations.failure;

import java.util.Locale;

/**
 * Why a batched migration or a batch job failed, as {@code failure_error_code} holds it. 0 to 5 are the container registry's;
 * own codes start at 10.
 */
public enum FailureCode {
    /** Something that no other code names; the failure's class and message say what. */
    UNKNOWN(0),
    /** {@code table_name} is not {@code <schema>.<table>}, or there is no such table. */
    INVALID_BBM_TABLE(1),
    /** {@code column_name} is not a column of the table that the strategy can use. */
    INVALID_BBM_COLUMN(2),
    /** No replica knows the work function {@code job_signature_name}. */
    INVALID_JOB_SIGNATURE(3),
    /** A batch job used up its attempts. */
    MAX_JOB_RETRY(4),
    /** No replica knows the batching strategy {@code batching_strategy}. */
    INVALID_BATCHING_STRATEGY(5),
    /** {@code min_value} is greater than {@code max_value}. */
    INVALID_BOUNDS(10),
    /** {@code batch_size} is less than 1. */
    INVALID_BATCH_SIZE(11),
    /** The index that the strategy walks is missing. */
    MISSING_INDEX(12),
    /** {@code arguments} is not what the work function takes. */
    INVALID_ARGUMENTS(13),
    /** The work function leaves rows NULL that it was given to fill, so the work would never end. */
    NO_PROGRESS(14),
    /** Everything is done but rows in quarantine, which a person has to mend and retry, or to waive. */
    QUARANTINED_ROWS(15),
    /** More rows than {@code quarantine_limit} could not be changed: it fails everywhere, and not at single rows. */
    QUARANTINE_FULL(16),
    /** The batching strategy needs to know which rows are not done yet, and the work function does not say. */
    PENDING_UNKNOWN(17),
    /** Policies of row-level security apply to the engine's role, so that rows may be hidden from it. */
    ROW_SECURITY(18),
    /** The table has children by inheritance, whose rows no key of the table tells apart. */
    INHERITED_TABLE(19),
    /** The engine's role lacks a right on the table, a column or a sequence; the message has the GRANT. */
    INSUFFICIENT_PRIVILEGE(20),
    /** The work function or a trigger changes the key that the batches are cut by, so that rows would be met twice or never. */
    KEY_CHANGED(21),
    /** The definition was edited after rows had been changed by it, and nothing tells which rows the new one still has to change. */
    DEFINITION_CHANGED(22);

    private final int code;

    FailureCode(int code) {
        this.code = code;
    }

    /**
     * Finds the code of a stored number; a number of a newer version reads as {@link #UNKNOWN}.
     *
     * @param code the stored number
     * @return the code
     */
    public static FailureCode of(int code) {
        for (FailureCode known : values()) {
            if (known.code == code) {
                return known;
            }
        }
        return UNKNOWN;
    }

    /** Returns the number that the table holds. */
    public int code() {
        return code;
    }

    /** Returns the word that operators read, such as {@code invalid_bbm_table}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
