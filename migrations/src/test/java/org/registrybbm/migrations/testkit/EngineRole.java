package org.registrybbm.migrations.testkit;

import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * An engine that is no superuser: a role that owns nothing and may do with the engine's own tables what the engine must. What it may do
 * with the tables of a test, the test says.
 */
public final class EngineRole {
    /** Shared by all databases of the server, and kept. */
    public static final String NAME = "bbm_test_engine";

    private EngineRole() {}

    /** Returns SQL with the role's name for the word {@code engine}. */
    public static String in(String sql) {
        return sql.replaceAll("\\bengine\\b", NAME);
    }

    /** Returns the same database, as the role sees it. */
    public static TestDatabase of(TestDatabase database) {
        database.execute("""
                DO $$
                BEGIN
                    CREATE ROLE %1$s;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN
                    NULL;
                END
                $$;
                GRANT USAGE ON SCHEMA public TO %1$s;
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %1$s;
                GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %1$s
                """.formatted(NAME));
        return new TestDatabase(database.name(), database.url() + "&options=-c%20role%3D" + NAME);
    }
}
