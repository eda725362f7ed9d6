package org.registrybbm.examples;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.core.Application;
import io.dropwizard.core.Configuration;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.db.DataSourceFactory;
import jakarta.validation.Valid;
import org.registrybbm.app.BatchedMigrationsBundle;
import org.registrybbm.app.config.BackgroundMigrationsFactory;

/** Shows a Dropwizard application with batched migrations. */
public final class MyApplication extends Application<MyApplication.MyConfiguration> {
    /** The configuration of the application. */
    public static final class MyConfiguration extends Configuration {
        @Valid
        @JsonProperty
        DataSourceFactory database = new DataSourceFactory();

        @Valid
        @JsonProperty
        DataSourceFactory quartzDatabase = new DataSourceFactory();

        @Valid
        @JsonProperty
        BackgroundMigrationsFactory backgroundMigrations = new BackgroundMigrationsFactory();
    }

    // snippet: bundle
    @Override
    public void initialize(Bootstrap<MyConfiguration> bootstrap) {
        bootstrap.addBundle(new BatchedMigrationsBundle<MyConfiguration>(
                        configuration -> configuration.backgroundMigrations,
                        configuration -> configuration.database,
                        configuration -> configuration.quartzDatabase)
                .workFunctions(new MyWorkFunctions()));
    }
    // end

    @Override
    public void run(MyConfiguration configuration, Environment environment) {}
}
