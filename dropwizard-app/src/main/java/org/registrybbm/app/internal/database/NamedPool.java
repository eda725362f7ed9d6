package org.registrybbm.app.internal.database;

import com.codahale.metrics.MetricRegistry;
import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.db.PooledDataSourceFactory;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.tomcat.jdbc.pool.PoolExhaustedException;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.config.DatabaseUrl;
import org.registrybbm.app.internal.secrets.Secrets;

/**
 * Adds to a source of connections messages that say where it could not connect to, and why. The driver's own message is "The connection
 * attempt failed" for most causes, and shows the whole URL for others.
 */
public final class NamedPool {
    private static final String GET_CONNECTION = "getConnection";
    private static final int DEEPEST = 20;

    private final Object connections;
    private final String place;

    private NamedPool(Object connections, String place) {
        this.connections = connections;
        this.place = place;
    }

    /** Builds a pool with such messages. */
    public static ManagedDataSource build(PooledDataSourceFactory factory, MetricRegistry metrics, String name) {
        return of(ManagedDataSource.class, factory.build(metrics, name), factory);
    }

    static <T extends DataSource> T of(Class<T> type, T connections, PooledDataSourceFactory factory) {
        NamedPool named = new NamedPool(connections, place(factory));
        return type.cast(Proxy.newProxyInstance(
                NamedPool.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> named.call(method, arguments)));
    }

    private static String place(PooledDataSourceFactory factory) {
        return DatabaseUrl.parse(String.valueOf(factory.getUrl()))
                .map(url -> {
                    String user = url.parameters().getOrDefault("user", userOf(factory));
                    return user.isEmpty() ? url.place() : url.place() + " as " + user;
                })
                .orElse("the configured URL");
    }

    private static String userOf(PooledDataSourceFactory factory) {
        return factory instanceof DataSourceFactory known ? Objects.requireNonNullElse(known.getUser(), "") : "";
    }

    private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(connections, arguments);
        } catch (InvocationTargetException e) {
            Throwable thrown = e.getCause() == null ? e : e.getCause();
            if (!method.getName().equals(GET_CONNECTION) || thrown instanceof PoolExhaustedException) {
                throw thrown;
            }
            // The driver throws an unchecked exception for a URL that it cannot read.
            throw thrown instanceof Error
                    ? thrown
                    : told(thrown, thrown instanceof SQLException sql ? sql.getSQLState() : "08001");
        }
    }

    private SQLException told(Throwable thrown, @Nullable String state) {
        String message = thrown.getMessage();
        if (message != null && message.startsWith("could not connect to ")) {
            return new SQLException(message, state, thrown);
        }
        boolean showsNone = causes(thrown)
                .map(Throwable::getMessage)
                .filter(Objects::nonNull)
                .allMatch(text -> Secrets.hide(text).equals(text));
        // A cause is kept only if it shows no secret, because the log of a host application shows causes as they are.
        return new SQLException(
                "could not connect to PostgreSQL at " + place + ": " + Secrets.hide(why(thrown)),
                state,
                showsNone ? thrown : null);
    }

    private static String why(Throwable thrown) {
        // Causes of other types lie deeper still: Java's own message about a wrong value, which does not name the
        // parameter.
        Throwable root = causes(thrown)
                .filter(one -> one instanceof IOException || one instanceof SQLException)
                .reduce((above, below) -> below)
                .orElse(thrown);
        if (root instanceof UnknownHostException) {
            return "the host is unknown";
        }
        String message = root.getMessage() == null ? thrown.getMessage() : root.getMessage();
        return message == null ? root.getClass().getName() : message;
    }

    private static Stream<Throwable> causes(Throwable thrown) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause).limit(DEEPEST);
    }
}
