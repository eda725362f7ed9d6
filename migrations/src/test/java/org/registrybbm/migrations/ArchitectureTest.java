package org.registrybbm.migrations;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

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
@AnalyzeClasses(packages = "org.registrybbm", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "org.registrybbm.migrations";

    @ArchTest
    static final ArchRule EACH_ROOM_KNOWS_NO_MORE_THAN_IT_MAY = Rooms.of(ROOT)
            .may("model")
            .may("event", "model")
            .may("internal.failure", "model")
            .may("internal.jdbc", "model", "internal.failure")
            .may("internal.catalog", "model", "internal.jdbc")
            .may("work", "model", "internal.failure", "internal.jdbc", "internal.catalog")
            .may("internal.tables", "model", "internal.jdbc", "internal.catalog")
            .may("internal.registry", "model", "internal.jdbc")
            .may("internal.quarantine", "model", "internal.jdbc", "internal.catalog", "work")
            .may("internal.sharing", "model", "internal.jdbc", "internal.tables")
            .may(
                    "internal.walk",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.quarantine")
            .may("internal.sizing", "model", "internal.tables", "internal.sharing", "internal.walk")
            .may(
                    "internal.planning",
                    "model",
                    "event",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.quarantine",
                    "internal.sharing",
                    "internal.walk",
                    "internal.sizing")
            .may(
                    "internal.running",
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
                    "internal.walk",
                    "internal.sizing")
            .may(
                    "quarantine",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.tables",
                    "internal.quarantine",
                    "internal.sharing")
            .may("budget", "model", "internal.failure", "internal.jdbc", "internal.tables")
            .may(
                    "status",
                    "model",
                    "internal.jdbc",
                    "internal.tables",
                    "internal.registry",
                    "internal.sharing",
                    "internal.walk")
            .may("audit", "internal.jdbc")
            .may(
                    "verification",
                    "model",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.walk",
                    "internal.running")
            .may(
                    "spi",
                    "model",
                    "event",
                    "internal.failure",
                    "internal.jdbc",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.sharing",
                    "internal.planning",
                    "internal.running")
            .may(
                    "",
                    "model",
                    "event",
                    "internal.failure",
                    "internal.jdbc",
                    "internal.catalog",
                    "work",
                    "internal.tables",
                    "internal.registry",
                    "internal.sharing",
                    "internal.running",
                    "quarantine",
                    "budget",
                    "status",
                    "audit",
                    "verification",
                    "spi")
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
                    "liquibase..",
                    "io.sentry..",
                    "org.postgresql..",
                    "com.zaxxer..",
                    "org.registrybbm.scheduler..",
                    "org.registrybbm.app..");

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
            .should()
            .haveModifier(JavaModifier.FINAL);

    @ArchTest
    static final ArchRule LEAVES_THE_PROCESS_ALONE = noClasses()
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Thread.class, "sleep", long.class);
}
