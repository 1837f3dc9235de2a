"""The administration: projects and who belongs to them. What was observed is not edited by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from monitor.models import Membership, Project

if TYPE_CHECKING:
    MembershipRows = admin.TabularInline[Membership, Project]
    ProjectBase = admin.ModelAdmin[Project]
    MembershipBase = admin.ModelAdmin[Membership]
else:
    MembershipRows = admin.TabularInline
    ProjectBase = MembershipBase = admin.ModelAdmin


class MembershipInline(MembershipRows):
    """The people of a project."""

    model = Membership
    extra = 1
    fields = ("user", "role")
    autocomplete_fields = ("user",)


@admin.register(Project)
class ProjectAdmin(ProjectBase):
    """Projects with their members."""

    list_display = ("name", "slug", "time_zone", "created_at")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "time_zone")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm[Project], change: bool) -> None:
        """Stamps a new project."""
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Stamps new members."""
        for membership in formset.save(commit=False):
            membership.created_at = membership.created_at or timezone.now()
            membership.save()
        for membership in formset.deleted_objects:
            membership.delete()
        formset.save_m2m()


@admin.register(Membership)
class MembershipAdmin(MembershipBase):
    """Who may do what, where."""

    list_display = ("user", "project", "role")
    list_filter = ("role", "project")
    fields = ("user", "project", "role")
    autocomplete_fields = ("user", "project")
    search_fields = ("user__username", "user__email", "project__name")

    def save_model(
        self, request: HttpRequest, obj: Membership, form: ModelForm[Membership], change: bool
    ) -> None:
        """Stamps a new membership."""
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)
