/** Holds the metrics: totals in Dropwizard's registry, and labelled series for Prometheus. */
@NullMarked
package org.registrybbm.app.internal.metrics;

import org.jspecify.annotations.NullMarked;
