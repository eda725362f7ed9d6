/** Metrics: totals in Dropwizard's registry, labelled series for Prometheus. */
@NullMarked
package org.registrybbm.app.internal.metrics;

import org.jspecify.annotations.NullMarked;
