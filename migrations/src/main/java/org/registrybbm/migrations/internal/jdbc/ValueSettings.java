package org.registrybbm.migrations.internal.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;

/**
 * The settings that decide what a value means as text and how it is written as text.
 *
 * <p>Expressions of an author must mean what they mean in the database. The engine's transactions therefore use the settings that the
 * database gives to a session, and not those that the JDBC driver asks for. Texts that the engine itself writes and later uses to find a
 * value again are read under fixed settings.
 */
public final class ValueSettings {
    /**
     * Gives a transaction the database's own settings, in PostgreSQL's order of precedence: those of the role in the database, of the role,
     * of the database, of all; otherwise what the session began with. Two things differ: the time zone is UTC on every replica, and the
     * style of dates is always ISO because the driver depends on it. Of the database's DateStyle, only the order of day, month and year is
     * kept.
     */
    static final String OWN = """
            SET LOCAL TimeZone = 'UTC';
            SET LOCAL DateStyle = DEFAULT;
            SET LOCAL IntervalStyle = DEFAULT;
            SET LOCAL extra_float_digits = DEFAULT;
            SET LOCAL bytea_output = DEFAULT;
            SET LOCAL xmloption = DEFAULT;
            SET LOCAL xmlbinary = DEFAULT;
            SET LOCAL lc_monetary = DEFAULT;
            SELECT set_config(own.name, own.value, true),
                CASE own.name
                    WHEN 'datestyle' THEN
                        set_config('DateStyle', 'ISO, ' || split_part(current_setting('DateStyle'), ', ', 2), true)
                END
            FROM (
                SELECT DISTINCT ON (each.name) each.name, each.value
                FROM pg_db_role_setting s
                JOIN pg_database d ON d.datname = current_database() AND s.setdatabase IN (0, d.oid)
                JOIN pg_roles r ON r.rolname = session_user AND s.setrole IN (0, r.oid)
                CROSS JOIN unnest(s.setconfig) AS line
                CROSS JOIN LATERAL (
                    SELECT lower(split_part(line, '=', 1)) AS name, substr(line, strpos(line, '=') + 1) AS value
                ) AS each
                WHERE each.name IN (
                    'datestyle', 'intervalstyle', 'extra_float_digits', 'bytea_output', 'xmloption', 'xmlbinary', 'lc_monetary'
                )
                ORDER BY each.name, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
            ) AS own
            """.strip();

    // A text that was written under these settings is read as the same value under any settings.
    private static final String PINNED = """
            SET LOCAL DateStyle = 'ISO, YMD';
            SET LOCAL IntervalStyle = 'postgres';
            SET LOCAL extra_float_digits = 3;
            SET LOCAL bytea_output = 'hex';
            SET LOCAL lc_monetary = 'C'
            """;

    private static final String OWN_DATE_STYLE = """
            SELECT line
            FROM pg_db_role_setting s
            JOIN pg_database d ON d.datname = current_database() AND s.setdatabase IN (0, d.oid)
            JOIN pg_roles r ON r.rolname = session_user AND s.setrole IN (0, r.oid)
            CROSS JOIN unnest(s.setconfig) AS line
            WHERE line ILIKE 'datestyle=%'
            ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
            LIMIT 1
            """;

    private ValueSettings() {}

    /** Reads under settings that give each value exactly one text, and restores the previous settings. */
    public static <T> T pinned(Connection tx, Jdbc.Transaction<T> reading) throws SQLException {
        Savepoint before = tx.setSavepoint();
        Jdbc.run(tx, PINNED);
        T read = reading.run(tx);
        tx.rollback(before);
        tx.releaseSavepoint(before);
        return read;
    }

    /** Returns whether the database writes dates in the style ISO, as the driver's sessions do. */
    public static boolean writesIsoDates(Connection connection) throws SQLException {
        return Jdbc.first(connection, OWN_DATE_STYLE, row -> row.getString("line"))
                .map(line -> !line.matches("(?is).*(sql|postgres|german).*"))
                .orElse(true);
    }
}
