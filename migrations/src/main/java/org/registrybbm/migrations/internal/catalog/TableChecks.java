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
 * What a table must be and what the engine's role must be allowed, on the table and on each leaf partition, which the engine works on by
 * itself. Whatever it is that a migration would only find out between two rows, or never, is refused here. All partitions are looked at
 * when a migration begins and before it ends; between that, each one when it has its turn.
 *
 * @param target the table and its key
 * @param part the table whose leaves are looked at: the target itself for all, or one of its partitions; null for the target without them
 * @param places whether rows are found by where they lie, by the strategy or by a proof
 * @param needs what the work function reads and writes
 */
public record TableChecks(TargetTable target, @Nullable TargetTable part, boolean places, Needs needs) {
    private static final int MOST_GRANTS = 4;
    private static final Pattern OWN = Pattern.compile("batched_background_migration.*|databasechangelog(lock)?"
            + "|qrtz_(job_details|triggers|(simple|cron|simprop|blob|fired)_triggers|calendars|paused_trigger_grps"
            + "|scheduler_state|locks)");

    /**
     * Checks them, by one statement where all is well.
     *
     * @throws InvalidDefinitionException when the migration cannot run there, or would not see or not reach every row
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
                    one.quoted() + " has children by inheritance (" + String.join(", ", one.children())
                            + "), whose rows no key of it tells apart from its own; queue one migration for each child,"
                            + " and take them off while the one of " + one.quoted() + " runs: ALTER TABLE " + child
                            + " NO INHERIT " + one.quoted()));
        }
        return Optional.empty();
    }

    private static String hidden(Finding one) {
        String bypass = "ALTER ROLE " + one.role() + " BYPASSRLS";
        return "row-level security of " + one.quoted() + " holds for the role " + one.role() + " ("
                + (one.policies().isEmpty() ? "no policy" : "policies " + String.join(", ", one.policies()))
                + "), so that rows may be hidden from it and would never be changed; "
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
                ? "; and " + (grants.size() - MOST_GRANTS) + " more like these, for the other partitions"
                : "";
        throw new InvalidDefinitionException(
                FailureCode.INSUFFICIENT_PRIVILEGE,
                "the role " + findings.get(0).role()
                        + " lacks rights that it needs for the table and each of its partitions: "
                        + grants.stream().limit(MOST_GRANTS).collect(Collectors.joining("; ")) + more);
    }

    /**
     * Checks that a name of the catalogue is a table's which batches can be made of.
     *
     * @param written as the migration has it
     * @param name its schema and its name
     * @throws InvalidDefinitionException when it is not
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
            throw noTable(written + " is a temporary table, which no session but its own can see");
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
