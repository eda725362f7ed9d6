package org.registrybbm.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

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

    @ArchTest
    static final ArchRule partsDoNotGoInCircles =
            slices().matching("org.registrybbm.app.internal.(*)..").should().beFreeOfCycles();
}
