/** What reaches Sentry: few events, grouped, without row values. */
@NullMarked
package org.registrybbm.app.internal.sentry;

import org.jspecify.annotations.NullMarked;
