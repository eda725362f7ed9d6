/** Reports failures to Sentry: few events, grouped, and without row values. */
@NullMarked
package org.registrybbm.app.internal.sentry;

import org.jspecify.annotations.NullMarked;
