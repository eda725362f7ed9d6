package org.registrybbm.app;

import io.dropwizard.core.setup.Environment;
import jakarta.servlet.DispatcherType;
import java.util.EnumSet;
import org.eclipse.jetty.util.component.LifeCycle;
import org.registrybbm.app.config.OperatorsFactory;
import org.registrybbm.app.internal.access.Bearer;
import org.registrybbm.app.internal.access.FailedLogins;
import org.registrybbm.app.internal.access.TaskTokens;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.api.ApiServlet;
import org.registrybbm.app.internal.lifecycle.Bounded;
import org.registrybbm.app.internal.lifecycle.ShutdownTimes;
import org.registrybbm.app.internal.operate.BackgroundVerification;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.page.AdminIndex;
import org.registrybbm.app.internal.page.PageServlet;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.migrations.BatchedMigrations;

/** Serves the page and the API. */
record OperatorEndpoints(Environment environment, BatchedMigrations engine, Snapshots snapshots) {
    void serve(OperatorsFactory operators) {
        Tokens tokens = operators.tokens();
        FailedLogins failures = new FailedLogins(System::nanoTime);
        environment
                .admin()
                .addFilter("bbm-task-tokens", new TaskTokens(tokens, failures, WallClock.MACHINE, snapshots::forget))
                .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/tasks/*");
        environment
                .admin()
                .addFilter("bbm-index", new AdminIndex())
                .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, "/*");
        Operations operations = new Operations(engine, verification(), snapshots::forget);
        Bearer bearer = new Bearer(tokens, failures, WallClock.MACHINE);
        environment
                .admin()
                .addServlet("bbm-page", PageServlet.of(engine, snapshots, operations, tokens, failures))
                .addMapping(PageServlet.MAPPING);
        environment
                .admin()
                .addServlet("bbm-api", ApiServlet.of(engine, snapshots, operations, bearer))
                .addMapping(ApiServlet.MAPPING);
        if (operators.applicationPort()) {
            environment
                    .servlets()
                    .addServlet("bbm-api", ApiServlet.of(engine, snapshots, operations, bearer))
                    .addMapping(ApiServlet.MAPPING);
        }
    }

    private BackgroundVerification verification() {
        BackgroundVerification verification = new BackgroundVerification(engine);
        environment.lifecycle().manage(Bounded.stopping("verification", ShutdownTimes.POOL, verification));
        environment.lifecycle().addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStopping(LifeCycle event) {
                verification.stop();
            }
        });
        return verification;
    }
}
