package org.registrybbm.migrations.failure;

import java.util.Locale;

/**
 * The codes that say why a batched migration or a batch job failed, as {@code failure_error_code} holds them. 0 to 5 are the codes of the
 * container registry; this engine's own codes start at 10.
 */
public enum FailureCode {
    /** Something that no other code describes. The failure's class and message say what it was. */
    UNKNOWN(0),
    /** {@code table_name} is not {@code <schema>.<table>}, or there is no such table. */
    INVALID_BBM_TABLE(1),
    /** {@code column_name} does not name a column that the batching strategy can use. */
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
    /** The work function does not accept the value of {@code arguments}. */
    INVALID_ARGUMENTS(13),
    /**
     * The migration would never end: the work function leaves rows pending that it was given to change, or the application keeps writing
     * pending rows.
     */
    NO_PROGRESS(14),
    /** Everything is done except for rows in quarantine. A person has to fix and retry them, or waive them. */
    QUARANTINED_ROWS(15),
    /** More than {@code quarantine_limit} rows could not be changed. The cause is then probably not in single rows. */
    QUARANTINE_FULL(16),
    /** The batching strategy needs to know which rows are pending, and the work function does not say it. */
    PENDING_UNKNOWN(17),
    /** Policies of row-level security apply to the engine's role and may hide rows from it. */
    ROW_SECURITY(18),
    /** The table has children by inheritance. A key of the table does not tell their rows apart. */
    INHERITED_TABLE(19),
    /** The engine's role lacks a privilege on the table, a column or a sequence. The message has the GRANT to run. */
    INSUFFICIENT_PRIVILEGE(20),
    /** The work function or a trigger changes the key by which batches are cut, so rows would be met twice or never. */
    KEY_CHANGED(21),
    /** The definition was edited after rows had been changed by it, and nothing says which rows the new definition still has to change. */
    DEFINITION_CHANGED(22);

    private final int code;

    FailureCode(int code) {
        this.code = code;
    }

    /**
     * Returns the code of a stored number.
     *
     * @param code the stored number
     * @return the code; {@link #UNKNOWN} for a number that this version does not know
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
