package org.registrybbm.scheduler.chaos;

/**
 * Rows whose data refuses the change. Their column {@code flaw} says what the {@link Operator} does about them: {@code mend} makes it NULL,
 * and the row may be changed; {@code waive} leaves it. Some lie alone, and some so close together that a few sub-batches fill a quarantine.
 */
final class Flaws {
    static final String MEND = "fix";
    static final String WAIVE = "waive";

    /** Of each migration: few, so that the quarantine is full now and then, and people make room while others look for it. */
    static final int QUARANTINE_LIMIT = 8;

    /** Of a sub-batch: few, so that one whose rows are told apart is over before somebody who pauses it looks. */
    static final int MOST_ROWS_AT_ONCE = 16;

    /** Refuses in the statement itself, as a constraint does. */
    static final String BY_CHECK = """
            ALTER TABLE %1$s ADD CHECK (n = 0 OR flaw IS NULL)
            """;

    /** Refuses in the statement and takes its time, so that much may happen while rows are told apart. */
    static final String SLOWLY = """
            CREATE TRIGGER refuse BEFORE UPDATE ON %1$s
            FOR EACH ROW WHEN (new.n > 0 AND new.flaw IS NOT NULL) EXECUTE FUNCTION public.chaos_refuse('0.05')
            """;

    /** Refuses at the COMMIT. */
    static final String AT_COMMIT = """
            CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON %1$s DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (new.n > 0 AND new.flaw IS NOT NULL) EXECUTE FUNCTION public.chaos_refuse('0')
            """;

    private Flaws() {}

    /** Statements for the functions that the tables use: which rows have a flaw comes from the seed and their number. */
    static String functions(long seed) {
        return """
                CREATE FUNCTION public.chaos_dice(i bigint, sides int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
                    SELECT (hashint8extended(i, %1$d) & 1048575) %% sides
                $$;
                CREATE FUNCTION public.chaos_flaw(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
                    SELECT CASE
                        WHEN public.chaos_dice(i, 80) = 0
                            OR i / 80 %% 10 = public.chaos_dice(0, 10) AND public.chaos_dice(i, 100) < 35
                        THEN CASE WHEN i %% 4 < 2 THEN '%2$s' ELSE '%3$s' END
                    END
                $$;
                CREATE FUNCTION public.chaos_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_sleep(tg_argv[0]::float8);
                    RAISE 'this row refuses';
                END
                $$
                """.formatted(seed, MEND, WAIVE);
    }
}
