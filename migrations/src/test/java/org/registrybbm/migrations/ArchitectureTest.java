package org.registrybbm.migrations;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import org.registrybbm.migrations.testkit.Rooms;

/** The rules of the house for this module. */
@AnalyzeClasses(packages = "org.registrybbm.migrations", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "org.registrybbm.migrations";

    @ArchTest
    static final ArchRule EACH_ROOM_KNOWS_NO_MORE_THAN_IT_MAY = Rooms.of(ROOT)
            .may("failure")
            .may("settings")
            .may("model", "failure")
            .may("event", "failure", "model")
            .may("internal.failure", "failure")
            .may("internal.jdbc", "settings", "internal.failure")
            .may("internal.catalog", "failure", "model", "internal.jdbc")
            .may("work", "failure", "internal.failure", "internal.jdbc", "internal.catalog")
            .may("internal.tables", "failure", "model", "internal.failure", "internal.jdbc", "internal.catalog")
            .may("internal.registry", "settings", "internal.jdbc")
            .may("internal.retention", "internal.jdbc", "internal.tables")
            .may("internal.quarantine", "failure", "internal.jdbc", "internal.catalog", "work")
            .may("internal.sharing", "model", "internal.jdbc", "internal.tables")
            .may(
                    "internal.rows",
                    "failure",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.quarantine")
            .may(
                    "internal.strategy",
                    "failure",
                    "settings",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.quarantine",
                    "internal.rows")
            .may(
                    "internal.walk",
                    "failure",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.quarantine",
                    "internal.rows",
                    "internal.strategy")
            .may("internal.sizing", "settings", "model", "internal.tables", "internal.sharing", "internal.strategy")
            .may(
                    "internal.planning",
                    "failure",
                    "settings",
                    "model",
                    "event",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.quarantine",
                    "internal.sharing",
                    "internal.rows",
                    "internal.strategy",
                    "internal.walk",
                    "internal.sizing")
            .may(
                    "internal.lease",
                    "failure",
                    "settings",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.sharing",
                    "internal.walk",
                    "internal.sizing")
            .may(
                    "internal.running",
                    "failure",
                    "settings",
                    "model",
                    "event",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.quarantine",
                    "internal.sharing",
                    "internal.rows",
                    "internal.strategy",
                    "internal.walk",
                    "internal.sizing",
                    "internal.lease")
            .may(
                    "quarantine",
                    "failure",
                    "model",
                    "internal.jdbc",
                    "internal.tables",
                    "internal.quarantine",
                    "internal.sharing")
            .may("budget", "failure", "model", "internal.jdbc", "internal.tables")
            .may(
                    "status",
                    "failure",
                    "model",
                    "budget",
                    "internal.catalog",
                    "internal.jdbc",
                    "internal.tables",
                    "internal.registry",
                    "internal.sharing",
                    "internal.strategy")
            .may("gate", "failure", "internal.jdbc", "internal.tables")
            .may("request", "failure", "internal.jdbc", "internal.tables")
            .may("audit", "failure", "internal.jdbc", "internal.tables")
            .may("outbox", "failure", "model", "status", "internal.failure", "internal.jdbc")
            .may(
                    "verification",
                    "failure",
                    "settings",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.walk",
                    "internal.running",
                    "internal.rows",
                    "internal.strategy")
            .may(
                    "spi",
                    "failure",
                    "settings",
                    "model",
                    "event",
                    "internal.failure",
                    "internal.jdbc",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.retention",
                    "internal.sharing",
                    "internal.planning",
                    "internal.lease",
                    "internal.running")
            .may(
                    "",
                    "failure",
                    "settings",
                    "model",
                    "event",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.sharing",
                    "internal.lease",
                    "quarantine",
                    "budget",
                    "status",
                    "request",
                    "audit",
                    "verification",
                    "gate",
                    "outbox",
                    "spi")
            .may("liquibase.base", "internal.jdbc", "internal.tables")
            .may("liquibase.conversion", "internal.jdbc", "liquibase.base")
            .may(
                    "liquibase",
                    "",
                    "failure",
                    "model",
                    "work",
                    "spi",
                    "internal.jdbc",
                    "internal.tables",
                    "liquibase.base",
                    "liquibase.conversion")
            .may(
                    "liquibase.lint",
                    "failure",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.tables",
                    "internal.planning",
                    "work",
                    "liquibase.conversion",
                    "liquibase")
            .knowNoOthers();

    @ArchTest
    static final ArchRule ROOMS_KNOW_EACH_OTHER_IN_NO_CIRCLE = Rooms.knowEachOtherInNoCircle(ROOT);

    @ArchTest
    static final ArchRule NEEDS_NEITHER_A_SCHEDULER_NOR_AN_APPLICATION_FRAMEWORK = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.quartz..",
                    "io.dropwizard..",
                    "com.codahale..",
                    "io.sentry..",
                    "org.postgresql..",
                    "com.zaxxer..",
                    "org.registrybbm.scheduler..",
                    "org.registrybbm.app..");

    @ArchTest
    static final ArchRule ONLY_ONE_ROOM_NEEDS_LIQUIBASE = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".liquibase..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("liquibase..");

    @ArchTest
    static final ArchRule NO_ROOM_IS_TOO_FULL = Rooms.holdNoMoreThan(15, ROOT);

    @ArchTest
    static final ArchRule SHOWS_NO_JACKSON_TO_ANYBODY = noMethods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .resideOutsideOfPackage("org.registrybbm.migrations.internal..")
            .should()
            .haveRawReturnType(resideInAPackage("com.fasterxml.."))
            .orShould()
            .haveRawParameterTypes(DescribedPredicate.anyElementThat(resideInAPackage("com.fasterxml..")));

    @ArchTest
    static final ArchRule KEEPS_ITS_INTERNALS_TO_ITSELF = classes()
            .that()
            .resideInAPackage("org.registrybbm.migrations.internal..")
            .should()
            .onlyHaveDependentClassesThat()
            .resideInAPackage("org.registrybbm.migrations..");

    @ArchTest
    static final ArchRule READS_NO_CLOCK_OF_ITS_OWN = noClasses()
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(OffsetDateTime.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now");

    @ArchTest
    static final ArchRule WRITES_TO_THE_LOG_AND_NOT_TO_THE_CONSOLE = noClasses()
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace");

    @ArchTest
    static final ArchRule HAS_NO_PUBLIC_TYPE_TO_BE_EXTENDED_BY_ACCIDENT = classes()
            .that()
            .arePublic()
            .and()
            .areNotInterfaces()
            .and()
            .areNotEnums()
            .and()
            .doNotHaveModifier(JavaModifier.ABSTRACT)
            .should()
            .haveModifier(JavaModifier.FINAL);

    @ArchTest
    static final ArchRule LEAVES_THE_PROCESS_ALONE = noClasses()
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Thread.class, "sleep", long.class);
}
