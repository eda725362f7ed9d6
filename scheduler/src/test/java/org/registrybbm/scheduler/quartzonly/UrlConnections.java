package org.registrybbm.scheduler.quartzonly;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.quartz.utils.ConnectionProvider;

/** A new connection each time, to the URL that Quartz's properties name. */
public final class UrlConnections implements ConnectionProvider {
    private String url = "";

    public void setUrl(String url) {
        this.url = url;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return DriverManager.getConnection(url);
    }

    @Override
    public void initialize() {}

    @Override
    public void shutdown() {}
}
