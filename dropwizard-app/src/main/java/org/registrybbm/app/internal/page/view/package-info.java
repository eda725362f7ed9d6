/** How the page looks: a class for each view, its parts and its assets. Nothing here reads a request or the database. */
@NullMarked
package org.registrybbm.app.internal.page.view;

import org.jspecify.annotations.NullMarked;
