package org.registrybbm.app.internal.web;

import jakarta.servlet.Servlet;
import java.util.List;
import org.glassfish.jersey.internal.inject.AbstractBinder;
import org.glassfish.jersey.server.ResourceConfig;
import org.glassfish.jersey.server.ServerProperties;
import org.glassfish.jersey.servlet.ServletContainer;

/** Makes a servlet of resources. Dropwizard's admin port has no Jersey of its own. */
public final class JerseyServlet {
    private JerseyServlet() {}

    /**
     * Returns a servlet.
     *
     * @param filters what looks at each request or answer, and what writes answers
     * @param resources what answers; each has a path
     */
    public static Servlet of(List<?> filters, List<?> resources) {
        ResourceConfig config = new ResourceConfig()
                .property(ServerProperties.WADL_FEATURE_DISABLE, true)
                .property(ServerProperties.RESPONSE_SET_STATUS_OVER_SEND_ERROR, true);
        filters.forEach(config::register);
        // Jersey warns of a resource that is registered as an object. So it gets the class, and is told which object
        // stands for it.
        resources.forEach(resource -> config.register(resource.getClass()));
        config.register(new AbstractBinder() {
            @Override
            protected void configure() {
                resources.forEach(this::bindToItsClass);
            }

            @SuppressWarnings("unchecked")
            private void bindToItsClass(Object resource) {
                bind(resource).to((Class<Object>) resource.getClass());
            }
        });
        return new ServletContainer(config);
    }
}
