package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.core.Configuration;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;

/** Holds the configuration of the application {@code registry}. */
@QuartzPoolFits
public final class RegistryConfiguration extends Configuration {
    @JsonProperty
    @NotNull
    @Valid
    private DatabaseFactory database = new DatabaseFactory();

    @JsonProperty
    @NotNull
    @Valid
    private BackgroundMigrationsFactory backgroundMigrations = new BackgroundMigrationsFactory();

    @JsonProperty
    @NotNull
    @Valid
    private SentryFactory sentry = new SentryFactory();

    /** Returns where the data are. */
    public DatabaseFactory database() {
        return database;
    }

    /** Returns how batched migrations run. */
    public BackgroundMigrationsFactory backgroundMigrations() {
        return backgroundMigrations;
    }

    /** Returns where failures are reported. */
    public SentryFactory sentry() {
        return sentry;
    }
}
