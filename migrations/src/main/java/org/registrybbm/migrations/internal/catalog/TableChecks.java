package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.TableFindings.Finding;

/**
 * Checks that a table can be worked on and that the engine's role has the privileges that it needs, on the table and on each leaf
 * partition, because the engine works on leaf partitions directly. A problem that would otherwise show up only in the middle of the work,
 * or never, is refused here.
 *
 * <p>All partitions are checked when a migration begins and before it ends. In between, each partition is checked when its turn comes.
 *
 * @param target the table and its key
 * @param part the table whose leaves are checked: the target itself for all leaves, or one of its partitions; null to check the target
 *     without its leaves
 * @param places whether the strategy or a proof finds rows by their place in the table
 * @param needs what the work function reads and writes
 */
public record TableChecks(TargetTable target, @Nullable TargetTable part, boolean places, Needs needs) {
    private static final int MOST_GRANTS = 4;
    private static final Pattern OWN = Pattern.compile("batched_background_migration.*|databasechangelog(lock)?"
            + "|qrtz_(job_details|triggers|(simple|cron|simprop|blob|fired)_triggers|calendars|paused_trigger_grps"
            + "|scheduler_state|locks)");

    /**
     * Runs the checks. If all is well, this takes one statement.
     *
     * @throws InvalidDefinitionException if the migration cannot run on the table, or would not see or not reach every row
     */
    public void require(Connection connection) throws SQLException {
        List<Finding> findings = new TableFindings(target, part, places, needs).find(connection);
        for (Finding one : findings) {
            refusal(one).ifPresent(refusal -> {
                throw refusal;
            });
        }
        requireRights(findings);
    }

    private Optional<InvalidDefinitionException> refusal(Finding one) {
        if (one.kind().equals("f")) {
            return Optional.of(new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_TABLE,
                    one.quoted() + ", a partition of " + target.table()
                            + ", is a foreign table, whose rows are in another"
                            + " database; detach it (ALTER TABLE " + one.parent() + " DETACH PARTITION " + one.quoted()
                            + "), or queue one migration for each of the other partitions"));
        }
        if (one.hides()) {
            return Optional.of(new InvalidDefinitionException(FailureCode.ROW_SECURITY, hidden(one)));
        }
        if (!one.children().isEmpty()) {
            String child = one.children().get(0);
            return Optional.of(new InvalidDefinitionException(
                    FailureCode.INHERITED_TABLE,
                    one.quoted() + " has child tables that inherit from it (" + String.join(", ", one.children())
                            + "); a parent and a child may hold the same key; queue one migration for each child,"
                            + " and detach them while the one of " + one.quoted() + " runs: ALTER TABLE " + child
                            + " NO INHERIT " + one.quoted()));
        }
        return Optional.empty();
    }

    private static String hidden(Finding one) {
        String bypass = "ALTER ROLE " + one.role() + " BYPASSRLS";
        return "row-level security of " + one.quoted() + " applies to the role " + one.role() + " ("
                + (one.policies().isEmpty() ? "no policy" : "policies " + String.join(", ", one.policies()))
                + "), so rows may be hidden from it and would never be changed; "
                + (one.owned()
                        ? "ALTER TABLE " + one.quoted() + " NO FORCE ROW LEVEL SECURITY, or " + bypass
                        : bypass + ", or have the table's owner run the engine");
    }

    private static void requireRights(List<Finding> findings) {
        List<String> grants = findings.stream()
                .map(Finding::grants)
                .flatMap(each -> Arrays.stream(each.split("; ")))
                .distinct()
                .toList();
        if (grants.isEmpty()) {
            return;
        }
        String more = grants.size() > MOST_GRANTS
                ? "; and " + (grants.size() - MOST_GRANTS) + " more like these for other partitions"
                : "";
        throw new InvalidDefinitionException(
                FailureCode.INSUFFICIENT_PRIVILEGE,
                "the role " + findings.get(0).role()
                        + " lacks privileges that it needs on the table and on each of its partitions: "
                        + grants.stream().limit(MOST_GRANTS).collect(Collectors.joining("; ")) + more);
    }

    /**
     * Checks that a name stands for a table that can be cut into batches.
     *
     * @param written the name as the migration has it
     * @param name the schema and the name that were found in the catalogue
     * @throws InvalidDefinitionException if the table cannot be cut into batches
     */
    static void requireTable(String written, List<String> name, String kind, boolean temporary) {
        String schema = name.get(0);
        if (schema.equals("pg_catalog") || schema.equals("information_schema") || schema.startsWith("pg_toast")) {
            throw noTable(written + " belongs to PostgreSQL itself; no migration changes it");
        }
        if (OWN.matcher(name.get(1)).matches()) {
            throw noTable(written + " belongs to the engine, Quartz or Liquibase; no migration changes it");
        }
        if (!kind.equals("r") && !kind.equals("p")) {
            throw noTable(written + " is not a table but " + what(kind));
        }
        if (temporary) {
            throw noTable(written + " is a temporary table, which only its own session can see");
        }
    }

    private static InvalidDefinitionException noTable(String message) {
        return new InvalidDefinitionException(FailureCode.INVALID_BBM_TABLE, message);
    }

    private static String what(String kind) {
        return switch (kind) {
            case "v" -> "a view; name the table that holds the rows";
            case "m" -> "a materialized view, which only REFRESH changes; name the table that holds the rows";
            case "f" -> "a foreign table; run the migration in the database that holds the rows";
            case "S" -> "a sequence; name the table";
            case "i", "I" -> "an index; name its table";
            case "c" -> "a type";
            default -> "of the kind '" + kind + "'";
        };
    }
}
