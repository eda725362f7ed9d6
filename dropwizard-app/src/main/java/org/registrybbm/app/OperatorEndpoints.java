package org.registrybbm.app;

import io.dropwizard.core.setup.Environment;
import io.dropwizard.jetty.setup.ServletEnvironment;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletRegistration;
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
import org.registrybbm.app.internal.stream.EventStreamServlet;
import org.registrybbm.app.internal.stream.EventStreams;
import org.registrybbm.app.internal.web.FewBodies;
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
        FilterRegistration.Dynamic bodies =
                environment.admin().addFilter("bbm-few-bodies", new FewBodies(System::nanoTime));
        bodies.setAsyncSupported(true);
        bodies.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, "/*");
        FilterRegistration.Dynamic index = environment.admin().addFilter("bbm-index", new AdminIndex());
        index.setAsyncSupported(true);
        index.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, "/*");
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
        EventStreams streams = streams();
        serveStream(environment.admin(), streams, bearer);
        if (operators.applicationPort()) {
            serveStream(environment.servlets(), streams, bearer);
            environment
                    .servlets()
                    .addServlet("bbm-api", ApiServlet.of(engine, snapshots, operations, bearer))
                    .addMapping(ApiServlet.MAPPING);
        }
    }

    private static void serveStream(ServletEnvironment servlets, EventStreams streams, Bearer bearer) {
        ServletRegistration.Dynamic stream =
                servlets.addServlet("bbm-event-stream", new EventStreamServlet(streams, bearer));
        stream.setAsyncSupported(true);
        stream.addMapping(EventStreamServlet.MAPPING);
    }

    private EventStreams streams() {
        EventStreams streams = new EventStreams(engine.eventLog(), System::nanoTime);
        engine.presence().alsoTell(streams::wake);
        // Streams that are open would hold up the stop of the server until its grace period is over.
        environment.lifecycle().addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStopping(LifeCycle event) {
                streams.close();
            }
        });
        return streams;
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
