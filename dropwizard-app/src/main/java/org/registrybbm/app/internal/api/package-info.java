/** The API over HTTP: what programs may read and change, as {@code openapi.yaml} says. Who may do that is in {@code access}. */
@NullMarked
package org.registrybbm.app.internal.api;

import org.jspecify.annotations.NullMarked;
