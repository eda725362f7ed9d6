package org.registrybbm.scheduler;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.sql.CallableStatement;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import org.registrybbm.migrations.testkit.Rooms;

/** The arrows of the house, as seen from the scheduler. */
@AnalyzeClasses(
        packages = {"org.registrybbm.migrations", "org.registrybbm.scheduler"},
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJar.class})
class ArchitectureTest {
    @ArchTest
    static final ArchRule roomsKnowEachOtherInNoCircle = Rooms.knowEachOtherInNoCircle("org.registrybbm.scheduler");

    /** The tests of another module come as a jar, which the option for test folders does not know. */
    static final class NoTestJar implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule theSchedulerHasNoSqlOfItsOwn = noClasses()
            .that()
            .resideInAPackage("org.registrybbm.scheduler..")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Statement.class, PreparedStatement.class, CallableStatement.class, ResultSet.class)
            .because("SQL lives in migrations; the scheduler only hands connections over");

    @ArchTest
    static final ArchRule theSchedulerKnowsNoApplicationFramework = noClasses()
            .that()
            .resideInAPackage("org.registrybbm.scheduler..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.dropwizard..", "com.codahale..", "io.sentry..", "jakarta..", "liquibase..", "ch.qos.logback..")
            .because("any Quartz application may add the plugin");

    @ArchTest
    static final ArchRule migrationsKnowNoQuartz = noClasses()
            .that()
            .resideInAPackage("org.registrybbm.migrations..")
            .and()
            .resideOutsideOfPackage("org.registrybbm.migrations.testkit..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.quartz..", "org.registrybbm.scheduler..", "io.dropwizard..")
            .because("arrows of the house only point down");

    @ArchTest
    static final ArchRule theInsideOfMigrationsIsTheirOwn = noClasses()
            .that()
            .resideOutsideOfPackage("org.registrybbm.migrations..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.registrybbm.migrations.internal..")
            .because("only the public types of a module are its promise");

    @ArchTest
    static final ArchRule noDecisionDependsOnAReplicasClock = noClasses()
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(OffsetDateTime.class, "now")
            .orShould()
            .callMethod(ZonedDateTime.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(Clock.class, "systemDefaultZone")
            .because("only the database's clock is compared");
}
