package org.registrybbm.app.internal.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.db.DatabaseConfiguration;
import io.dropwizard.migrations.AbstractLiquibaseCommand;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import liquibase.Liquibase;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.exception.LiquibaseException;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.migrations.liquibase.lint.ChangelogLint;
import org.registrybbm.migrations.liquibase.lint.DefinitionLint;
import org.registrybbm.migrations.liquibase.lint.Finding;
import org.registrybbm.migrations.liquibase.lint.Rule;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Runs {@code db lint}: reads the changelog and tells what will go wrong with its batched migrations. It needs a database only to try them
 * on its tables.
 */
final class LintCommand extends AbstractLiquibaseCommand<RegistryConfiguration> {
    static final String NAME = "lint";

    private static final String SARIF = "sarif";
    private static final String QUEUED = "queued";
    private static final String MIGRATIONS = "migrations-file";
    private static final String ON_DATABASE = "on-database";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String changelog;
    private final PrintStream out;

    LintCommand(DatabaseConfiguration<RegistryConfiguration> database, String changelog, PrintStream out) {
        super(
                NAME,
                "Tell what will go wrong with the batched migrations of the changelog",
                database,
                RegistryConfiguration.class,
                changelog);
        this.changelog = changelog;
        this.out = out;
    }

    @Override
    public void configure(Subparser parser) {
        super.configure(parser);
        parser.description("""
                        Read the changelog and tell what will go wrong with its batched migrations:
                        a gate that is missing, misspelt or can be lost, a constraint before the
                        data is there. No database is needed.

                        With --on-database, each migration is also tried on the tables of the
                        configured database: whether the key has an index, and whether the work
                        function accepts its arguments. Nothing is changed.

                        The exit code is 1 if there is an error; warnings do not count.""");
        parser.addArgument("--on-database")
                .action(Arguments.storeTrue())
                .dest(ON_DATABASE)
                .help("also try the migrations on the tables of the\ndatabase");
        parser.addArgument("--queued")
                .action(Arguments.append())
                .dest(QUEUED)
                .metavar("NAME")
                .help("a batched migration that is queued elsewhere;\nmay be repeated");
        parser.addArgument("--sarif")
                .action(Arguments.storeTrue())
                .dest(SARIF)
                .help("print SARIF 2.1.0 for programs instead of lines");
    }

    @Override
    protected void run(
            Bootstrap<RegistryConfiguration> bootstrap, Namespace namespace, RegistryConfiguration configuration)
            throws Exception {
        if (Boolean.TRUE.equals(namespace.getBoolean(ON_DATABASE))) {
            super.run(bootstrap, namespace, configuration);
        } else {
            lint(namespace, null);
        }
    }

    @Override
    protected void run(Namespace namespace, Liquibase liquibase) throws LiquibaseException {
        lint(namespace, liquibase);
    }

    private void lint(Namespace namespace, @Nullable Liquibase liquibase) throws LiquibaseException {
        Set<String> elsewhere = new HashSet<>();
        List<?> given = namespace.getList(QUEUED);
        if (given != null) {
            given.forEach(name -> elsewhere.add(String.valueOf(name)));
        }
        String file = namespace.getString(MIGRATIONS);
        String path = file == null ? changelog : file;
        List<Finding> findings = new ArrayList<>(findings(file, elsewhere));
        if (liquibase != null) {
            findings.addAll(onDatabase(liquibase));
        }
        if (Boolean.TRUE.equals(namespace.getBoolean(SARIF))) {
            out.println(PrettyJson.of(sarif(findings)));
        } else {
            findings.forEach(out::println);
            long errors = findings.stream().filter(Finding::error).count();
            out.println(
                    findings.isEmpty()
                            ? "nothing to complain about in " + path
                            : errors + (errors == 1 ? " error, " : " errors, ") + (findings.size() - errors)
                                    + " warnings");
        }
        if (findings.stream().anyMatch(Finding::error)) {
            throw CommandFailure.alreadySaid();
        }
    }

    /**
     * Reads the changelog of the program, or a file as Dropwizard's other commands take it. This program does not know the work functions of
     * the application that such a file belongs to.
     */
    private List<Finding> findings(@Nullable String file, Set<String> elsewhere) throws LiquibaseException {
        if (file == null) {
            return ChangelogLint.check(changelog, elsewhere, WorkRegistry.of(List.of()));
        }
        Path absolute = Path.of(file).toAbsolutePath().normalize();
        // Findings name files from here, where people can.
        Path here = Path.of("").toAbsolutePath();
        Path root = absolute.startsWith(here) ? here : absolute.getRoot();
        try (CompositeResourceAccessor resources =
                new CompositeResourceAccessor(new DirectoryResourceAccessor(root), new ClassLoaderResourceAccessor())) {
            return ChangelogLint.check(root.relativize(absolute).toString(), resources, elsewhere, null);
        } catch (LiquibaseException e) {
            throw e;
        } catch (Exception e) {
            throw new LiquibaseException("could not read the changelog " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<Finding> onDatabase(Liquibase liquibase) throws LiquibaseException {
        if (!(liquibase.getDatabase().getConnection() instanceof JdbcConnection open)) {
            throw new DatabaseException("migrations cannot be tried without a database");
        }
        try {
            return DefinitionLint.check(
                    liquibase.getDatabaseChangeLog(), open.getUnderlyingConnection(), WorkRegistry.shipped());
        } catch (SQLException e) {
            throw new DatabaseException("the migrations could not be tried: " + e.getMessage(), e);
        }
    }

    /** As the standard of OASIS says, which code hosts show beside the lines of a change. */
    private static ObjectNode sarif(List<Finding> findings) {
        ObjectNode log = MAPPER.createObjectNode();
        log.put("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
        log.put("version", "2.1.0");
        ObjectNode run = log.putArray("runs").addObject();
        ObjectNode driver = run.putObject("tool").putObject("driver");
        driver.put("name", "registry db lint");
        ArrayNode rules = driver.putArray("rules");
        for (Rule rule : Rule.values()) {
            rules.addObject().put("id", rule.id());
        }
        ArrayNode results = run.putArray("results");
        for (Finding finding : findings) {
            ObjectNode result = results.addObject();
            result.put("ruleId", finding.rule().id());
            result.put("level", finding.error() ? "error" : "warning");
            result.putObject("message")
                    .put(
                            "text",
                            finding.changeSet().isEmpty()
                                    ? finding.message()
                                    : "changeset " + finding.changeSet() + ": " + finding.message());
            result.putArray("locations")
                    .addObject()
                    .putObject("physicalLocation")
                    .putObject("artifactLocation")
                    .put("uri", finding.file());
        }
        return log;
    }
}
