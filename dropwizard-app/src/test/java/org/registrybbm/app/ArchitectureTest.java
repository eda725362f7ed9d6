package org.registrybbm.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import org.registrybbm.migrations.testkit.Rooms;

@AnalyzeClasses(packages = "org.registrybbm.app", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule roomsKnowEachOtherInNoCircle = Rooms.knowEachOtherInNoCircle("org.registrybbm.app");

    @ArchTest
    static final ArchRule noRoomIsCrowded = Rooms.holdNoMoreThan(15, "org.registrybbm.app");

    /** From the ground up. */
    @ArchTest
    static final ArchRule eachRoomKnowsNoMoreThanItMay = Rooms.of("org.registrybbm.app")
            .may("internal.access")
            .may("internal.secrets")
            .may("internal.snapshot")
            .may("internal.config", "internal.secrets")
            .may("internal.logging", "internal.secrets")
            .may("internal.process", "internal.secrets")
            .may("internal.text", "internal.secrets")
            .may("internal.operate", "internal.text")
            .may("internal.text.answer", "internal.text")
            .may("internal.webhook", "internal.access", "internal.secrets", "internal.text")
            .may("config", "internal.access", "internal.config", "internal.webhook")
            .may("internal.cli.foreground", "internal.secrets", "internal.text", "internal.text.answer")
            .may("internal.metrics", "internal.webhook")
            .may(
                    "internal.page.view",
                    "internal.access",
                    "internal.snapshot",
                    "internal.text",
                    "internal.operate",
                    "internal.text.answer")
            .may("internal.tasks", "internal.text", "internal.text.answer")
            .may("internal.web", "internal.text", "internal.operate")
            .may("internal.api.filter", "internal.access", "internal.text", "internal.web")
            .may("internal.database", "internal.secrets", "internal.config", "config")
            .may("internal.lifecycle", "config")
            .may(
                    "internal.page",
                    "internal.access",
                    "internal.snapshot",
                    "internal.text",
                    "internal.operate",
                    "internal.page.view",
                    "internal.web")
            .may("internal.stream", "internal.access", "internal.text.answer", "internal.web")
            .may(
                    "internal.api",
                    "internal.access",
                    "internal.snapshot",
                    "internal.text",
                    "internal.operate",
                    "internal.text.answer",
                    "internal.web",
                    "internal.api.filter")
            .may(
                    "internal.cli",
                    "internal.access",
                    "internal.text",
                    "internal.operate",
                    "internal.text.answer",
                    "internal.webhook",
                    "config",
                    "internal.cli.foreground",
                    "internal.database")
            .may("internal.embedded", "config", "internal.database")
            .may("internal.health", "internal.lifecycle")
            .may("internal.sentry", "internal.secrets", "config", "internal.lifecycle")
            .may("demo", "internal.text", "internal.database", "internal.lifecycle", "internal.embedded")
            .may(
                    "",
                    "internal.access",
                    "internal.snapshot",
                    "internal.config",
                    "internal.logging",
                    "internal.process",
                    "internal.text",
                    "internal.operate",
                    "internal.webhook",
                    "config",
                    "internal.metrics",
                    "internal.tasks",
                    "internal.web",
                    "internal.database",
                    "internal.lifecycle",
                    "internal.page",
                    "internal.stream",
                    "internal.api",
                    "internal.cli",
                    "internal.embedded",
                    "internal.health",
                    "internal.sentry",
                    "demo")
            .knowNoOthers();

    @ArchTest
    static final ArchRule sqlIsTheMigrationsModules = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "..app.demo..", "..app.internal.embedded..", "..app.internal.health..", "..app.internal.database..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.sql.Connection");

    @ArchTest
    static final ArchRule noClockOfThisMachineIsRead = noClasses()
            .that()
            .doNotHaveSimpleName("WallClock")
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule nothingSleeps = noClasses().should().callMethod(Thread.class, "sleep", long.class);

    @ArchTest
    static final ArchRule internalsOfOtherModulesAreTheirs = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.registrybbm.migrations.internal..", "org.registrybbm.scheduler.internal..");

    @ArchTest
    static final ArchRule demoIsNobodysFoundation = classes()
            .that()
            .resideInAPackage("..app.demo..")
            .should()
            .onlyHaveDependentClassesThat()
            .resideInAnyPackage("..app.demo..", "org.registrybbm.app");
}
