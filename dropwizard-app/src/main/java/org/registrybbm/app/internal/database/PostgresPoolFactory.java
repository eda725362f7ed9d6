package org.registrybbm.app.internal.database;

import com.codahale.metrics.MetricRegistry;
import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.db.ManagedDataSource;

/** Builds Dropwizard's pools so that their messages say where they could not connect to. */
final class PostgresPoolFactory extends DataSourceFactory {
    @Override
    public ManagedDataSource build(MetricRegistry metrics, String name) {
        return NamedPool.of(ManagedDataSource.class, super.build(metrics, name), this);
    }
}
