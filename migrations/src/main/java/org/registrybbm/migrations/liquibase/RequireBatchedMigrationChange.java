package org.registrybbm.migrations.liquibase;

import static org.registrybbm.migrations.liquibase.base.Attribute.optional;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.statement.SqlStatement;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.AttributeType;
import org.registrybbm.migrations.liquibase.base.Attributes;
import org.registrybbm.migrations.liquibase.base.BatchedMigrationChange;

/**
 * {@code requireBatchedMigration}: a gate. The changeset fails unless some batched migrations are finished and, by default, verified. Until
 * its transaction ends, nobody can reopen them.
 *
 * <p>It calls the SQL function {@code require_batched_migrations}, also in a script that Liquibase writes. The modes {@code wait} and
 * {@code run} first try to open the gate when Liquibase works on a database, and are the same as {@code fail} in a script.
 */
@DatabaseChange(
        name = "requireBatchedMigration",
        description = "Fails unless batched migrations are finished",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class RequireBatchedMigrationChange extends BatchedMigrationChange {
    private static final String MODE = "mode";
    private static final String TIMEOUT = "timeout";
    private static final String FAIL = "fail";
    private static final String WAIT = "wait";
    private static final String RUN = "run";
    private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(30);

    private static final List<Attribute> KNOWN = Stream.concat(
                    Requirement.ATTRIBUTES.stream(),
                    Stream.of(
                            optional(MODE, AttributeType.Word.of(FAIL, WAIT, RUN)),
                            optional(TIMEOUT, new AttributeType.Time()),
                            Attributes.SCHEMA))
            .toList();

    /** For Liquibase, which sets the attributes afterwards. */
    public RequireBatchedMigrationChange() {
        super(KNOWN);
    }

    @Override
    protected void check(ValidationErrors errors) {
        if (mode().equals(FAIL) && attributes().has(TIMEOUT)) {
            error(errors, "timeout needs mode wait or run");
        }
        if (!mode().equals(FAIL)
                && getChangeSet() != null
                && getChangeSet().getChanges().indexOf(this) > 0) {
            // While it waits, it ends the transaction again and again, and with it what was changed before.
            error(errors, "with mode wait or run, it must be the first change of its changeset");
        }
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        SqlStatement[] require = sql(attributes().call("require_batched_migrations", Requirement.ATTRIBUTES));
        if (mode().equals(FAIL) || !attributes().has(Requirement.NAMES) || !isLive(database)) {
            return require;
        }
        Duration timeout = attributes()
                .get(TIMEOUT)
                .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
                .orElse(DEFAULT_TIMEOUT);
        return new SqlStatement[] {
            new OpenGateStatement(database, Requirement.of(attributes()), mode().equals(RUN), timeout), require[0]
        };
    }

    /** Returns the names of the batched migrations. */
    public Set<String> names() {
        return Requirement.names(attributes());
    }

    /** Returns the gate; empty if there is nothing to ask before the changeset runs, because it runs the migrations itself. */
    Optional<Requirement> gate() {
        return attributes().has(Requirement.NAMES) && !mode().equals(RUN)
                ? Optional.of(Requirement.of(attributes()))
                : Optional.empty();
    }

    /** Returns whether the changeset waits for migrations that run. */
    boolean waits() {
        return mode().equals(WAIT);
    }

    private String mode() {
        return attributes().get(MODE).orElse(FAIL);
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return NOTHING;
    }

    @Override
    public String getConfirmationMessage() {
        return "batched migrations " + attributes().get(Requirement.NAMES).orElse("") + " are finished";
    }
}
